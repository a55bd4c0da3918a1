"""`python -m crosswalk` is the `crosswalk` command."""

from crosswalk.cli.main import main

main()
