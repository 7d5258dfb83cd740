"""What a command is told by its environment: where the mock is, and a token for each API that takes one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from mockserver.exceptions import UsageError, did_you_mean

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9.-]*)\}")


def variables(
    url: str, apis: Iterable[str], tokens: Mapping[str, str], secrets: Mapping[str, str] | None = None
) -> dict[str, str]:
    """`MOCKSERVER_URL`, and for each API its `…_URL` and, where it has them, its `…_TOKEN` and `…_WEBHOOK_SECRET`.
    Raises UsageError when two APIs would have the same."""
    found, owners = {"MOCKSERVER_URL": url}, {"MOCKSERVER": "the mock itself"}
    for api in apis:
        prefix = prefix_of(api)
        if prefix in owners:
            raise UsageError(f"{owners[prefix]} and {api} would both have {prefix}_URL", "rename one of the folders")
        owners[prefix] = api
        found[f"{prefix}_URL"] = f"{url}/{api}"
        if api in tokens:
            found[f"{prefix}_TOKEN"] = tokens[api]
        if secrets and api in secrets:
            found[f"{prefix}_WEBHOOK_SECRET"] = secrets[api]
    return found


def prefix_of(api: str) -> str:
    """How the variables of an API begin: `my-api` -> `MY_API`; a shell knows no name that begins with a digit."""
    name = re.sub(r"[^A-Z0-9]", "_", api.upper())
    return f"_{name}" if name[:1].isdigit() else name


def filled(
    given: Sequence[tuple[str, str]], url: str, apis: Iterable[str], tokens: Mapping[str, str]
) -> dict[str, str]:
    """Variables of the user's own, in which `{url}`, `{my-api.url}` and `{my-api.token}` stand for what they name.
    Raises UsageError for a name that stands for nothing; any other brace is left as it is."""
    known = {"url": url}
    for api in apis:
        known[f"{api}.url"] = f"{url}/{api}"
        if api in tokens:
            known[f"{api}.token"] = tokens[api]

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in known:
            what = f"there are {', '.join(f'{{{each}}}' for each in known)}"
            raise UsageError(f"--env: {{{name}}} stands for nothing", did_you_mean(name, known, what))
        return known[name]

    return {name: _PLACEHOLDER.sub(value_of, text) for name, text in given}
