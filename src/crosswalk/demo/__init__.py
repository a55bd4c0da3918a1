"""The demo: the sandbox and a hub on this machine, seeded, and a script that plays the main job through.

With the command `crosswalk sandbox`, the only part of Crosswalk that knows the sandbox. Start with `environment` (what
runs), then `script` (`--once`).
"""
