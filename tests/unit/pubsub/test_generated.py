"""What is generated is what the vendor's proto generates, and the proto is the vendor's."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "crosswalk_pubsub"


@pytest.mark.parametrize("name", ["pubsub_api_pb2.py", "pubsub_api_pb2.pyi", "pubsub_api_pb2_grpc.py"])
def test_generating_anew_gives_the_committed_text(name: str, generated: Path):
    assert (generated / name).read_text(encoding="utf-8") == (PACKAGE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("proto")
    outputs = [f"--{each}={target}" for each in ("python_out", "pyi_out", "grpc_python_out")]
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", *outputs, "crosswalk_pubsub/pubsub_api.proto"]
    subprocess.run(command, cwd=ROOT / "src", check=True, timeout=60)
    return target / "crosswalk_pubsub"


def test_the_proto_is_the_vendors_unchanged():
    digest = hashlib.sha1((PACKAGE / "pubsub_api.proto").read_bytes(), usedforsecurity=False).hexdigest()

    assert digest == "07e1f84a131db3ee4bee947fb7be784b1d555484"


def test_origin_and_licence_are_stated():
    assert "forcedotcom/pub-sub-api, CC0 1.0" in (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert (
        (PACKAGE / "pubsub_api.LICENSE")
        .read_text(encoding="utf-8")
        .startswith("Creative Commons Legal Code\n\nCC0 1.0")
    )
