"""The `mockserver` command: arguments and exit codes, nothing else.

Exit codes: 0 fine, 2 the call or a spec is wrong, 70 the mock itself failed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from mockserver import __version__
from mockserver.cli.action import action_command
from mockserver.cli.check import check_command
from mockserver.cli.coverage import coverage_command
from mockserver.cli.fixtures import fixtures_command
from mockserver.cli.lint import lint_command
from mockserver.cli.listing import list_command
from mockserver.cli.problems import shown
from mockserver.cli.run import run_command
from mockserver.cli.serve import serve_command
from mockserver.cli.token import token_command
from mockserver.cli.webhook import webhook_command
from mockserver.exceptions import MockserverError, SpecError, UsageError

USAGE, INTERNAL = 2, 70


class Program(click.Group):
    """A group whose every error is one clear message on stderr, `error: what (hint)`, and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code: object = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            code = 0
        except click.ClickException as error:
            code = _fail(error.format_message(), USAGE)
        except (click.Abort, KeyboardInterrupt):
            code = 130
        except SpecError as error:
            code = _fail("\nerror: ".join(shown(problem) for problem in error.problems), USAGE)
        except UsageError as error:
            code = _fail(str(error), USAGE)
        except MockserverError as error:
            code = _fail(str(error), INTERNAL)
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {message}", err=True)
    return code


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mockserver", message="%(prog)s %(version)s")
def main() -> None:
    """Other people's HTTP APIs on your own machine: stateful, and strict about their contract.

    \b
    Examples:
      mockserver list                 what ships
      mockserver serve                serve all of it on http://127.0.0.1:4010
      mockserver serve ./openapi.yaml serve a document of your own
      mockserver run my-api -- npm test
                                      a command under the mock, and what it did wrong
      mockserver token my-api         a token that the mock on that port accepts
      mockserver action my-api        what may be made to happen in that mock
      mockserver webhook send my-api order.created --to URL
                                      one event, signed as the API signs
      mockserver check receiver my-api --to URL --secret S
                                      a receiver of events, put to the test
      mockserver coverage combine FILE...
                                      what several runs have touched
      mockserver lint ./my-api        every problem of a spec folder at once
      mockserver fixtures export my-api --out DIR
                                      every documented answer, as files
    """


main.add_command(serve_command)
main.add_command(run_command)
main.add_command(token_command)
main.add_command(webhook_command)
main.add_command(action_command)
main.add_command(check_command)
main.add_command(coverage_command)
main.add_command(list_command)
main.add_command(lint_command)
main.add_command(fixtures_command)
