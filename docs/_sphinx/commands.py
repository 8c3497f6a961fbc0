"""`.. commands::`: the help of every command of tinyconv, as it prints it on a wide terminal."""

import argparse
import os

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from tinyconv import cli


def every_command(parser):
    """(name, parser) of each command, in the order in which the help has them."""
    (commands,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return commands.choices.items()


class Commands(SphinxDirective):
    def run(self):
        os.environ["COLUMNS"] = "96"  # argparse's width
        found = []
        for name, parser in every_command(cli.parser()):
            text = parser.format_help()
            section = nodes.section(ids=[f"tinyconv-{name}"], names=[f"tinyconv {name}"])
            section += nodes.title("", f"tinyconv {name}")
            section += nodes.literal_block(text, text, language="text")
            found.append(section)
        return found


def setup(app):
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
