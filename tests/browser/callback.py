"""An application that people come back to once they have signed in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit


@contextmanager
def listening_application() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """Its callback, and what it was told there: the query of each GET, the form of each POST."""
    told: list[dict[str, list[str]]] = []

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._welcome(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._welcome(self.rfile.read(int(self.headers["content-length"])).decode())

        def _welcome(self, words: str) -> None:
            told.append(parse_qs(words))
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b'<link rel="icon" href="data:,"><h1>Welcome back</h1>')

        def log_message(self, format: str, *values: object) -> None:
            """Keep the test's output quiet."""

    server = HTTPServer(("127.0.0.1", 0), Callback)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/callback", told
    server.shutdown()
    thread.join(60)
    server.server_close()
