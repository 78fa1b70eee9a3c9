#!/usr/bin/env python3
"""Prints the manual page of ecconvert, from what the program says of itself.

    python man_page.py PROGRAM >ecconvert.1
"""

from __future__ import annotations

import json
import subprocess
import sys


def said(program: str, *words: str) -> str:
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def escaped(text: str) -> str:
    """A text as roff takes it."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.splitlines())


def option(argument: dict) -> list[str]:
    """An option with its words."""
    if argument.get("kind") == "positional":
        names = argument.get("valueName", "").upper()
    else:
        names = ", ".join(("--" if name["kind"] == "long" else "-") + name["name"]
                          for name in argument.get("names", []))
        if argument.get("kind") == "option":
            names += " " + argument.get("valueName", "")
    return [".TP", ".B " + escaped(names), escaped(argument.get("abstract", ""))]


def section(command: dict, prefix: str) -> list[str]:
    """A command with its options, by their groups."""
    lines = [f".SH {escaped(prefix.upper())}", escaped(command.get("abstract", ""))]
    if command.get("discussion"):
        lines += [".PP", ".nf", escaped(command["discussion"]), ".fi"]
    title = None
    for argument in command.get("arguments", []):
        if not argument.get("shouldDisplay", True) or "help" in [
                name["name"] for name in argument.get("names", [])]:
            continue
        if argument.get("sectionTitle") != title:
            title = argument.get("sectionTitle")
            lines += [".SS " + escaped(title or "Other options")]
        lines += option(argument)
    return lines


def main() -> None:
    program = sys.argv[1]
    root = json.loads(said(program, "--experimental-dump-help"))["command"]
    version = said(program, "--version").split()[1]
    commands = [command for command in root["subcommands"]
                if command.get("shouldDisplay", True) and command["commandName"] != "help"]
    lines = [f'.TH ECCONVERT 1 "" "ecconvert {version}" "User Commands"', ".SH NAME",
             "ecconvert \\- " + escaped(root["abstract"][:1].lower() + root["abstract"][1:].rstrip(".")), ".SH SYNOPSIS"]
    for command in commands:
        name = command["commandName"]
        shown = "ecconvert" if name == root.get("defaultSubcommand") else f"ecconvert {name}"
        lines += [".B " + escaped(shown), "[options]", ".br"]
    for command in commands:
        lines += section(command, "ecconvert " + command["commandName"])
    print("\n".join(lines))


if __name__ == "__main__":
    main()
