"""The command line: one module for each command.

May import everything. Start with `main`, which lists the commands. To keep `crosswalk --help` fast, command modules
import what they need inside their functions.
"""
