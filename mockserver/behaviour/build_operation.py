"""One entry under `operations:` -> `OperationRules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.behaviour.declared import Effect, Listing, OperationRules, Resource, Respond, Rule, Warn
from mockserver.behaviour.operation import success_status
from mockserver.behaviour.reading import Reader
from mockserver.behaviour.values import Value, constant
from mockserver.contract.model import Operation
from mockserver.errors import did_you_mean
from mockserver.expressions import Expression, Language
from mockserver.spec.references import join

VERBS = ("list", "read", "create", "update", "replace", "delete")
_IMPURE = frozenset({"now", "headers", "body", "caller", "@draws"})


class OperationBuilder:
    """Reads the entry of one operation; faults go to the reader."""

    def __init__(
        self,
        reader: Reader,
        operation: Operation,
        entry: Mapping[str, Any],
        pointer: str,
        language: Language,
        resources: Mapping[str, Resource],
    ) -> None:
        self.reader = reader
        self.operation, self.entry, self.pointer = operation, entry, pointer
        self.language, self.resources = language, resources
        self.used: list[Expression] = []

    def build(self) -> OperationRules:
        """The rules of the operation."""
        entry, id = self.entry, self.operation.id
        evidence = self.reader.grade(entry)
        verb, resource = self.verb()
        within = self.within()
        key = self.key(verb, resource)
        let = []
        for name, tree in entry.get("let", {}).items():
            let.append((name, self.named(tree, f"{self.pointer}/let/{name}")))
            self.language = self.language.with_names(name)
        require = tuple(self.rule(at, rule) for at, rule in enumerate(entry.get("require", ())))
        warn = tuple(self.warning(at, rule) for at, rule in enumerate(entry.get("warn", ())))
        listing = self.listing(verb, resource)
        effect = self.main_effect(verb, resource)
        show = dict(self.pairs(entry, "show", self.pointer))
        then = tuple(self.then(at, rules) for at, rules in enumerate(entry.get("then", ())))
        respond = self.respond()
        self.useless(verb)
        pure = not (effect or then) and not any(expression.names & _IMPURE for expression in self.every(resource, show))
        reads = {name for expression in self.every(resource, show) for name in expression.names} & set(self.resources)
        return OperationRules(
            id=id,
            verb=verb,
            resource=resource,
            within=within,
            key=key,
            let=tuple(let),
            require=require,
            warn=warn,
            listing=listing,
            effect=effect,
            show=show,
            wrap=entry.get("as", ""),
            then=then,
            respond=respond,
            evidence=evidence,
            pure=pure,
            reads=tuple(sorted({*reads, *([resource] if resource else []), *([within[0]] if within else [])})),
        )

    def every(self, resource: str, show: Mapping[str, Value]) -> list[Expression]:
        """All expressions that decide the answer, those of the shown resource's computed fields included."""
        shown = self.resources.get(resource)
        computed = {**shown.computed, **show} if shown is not None else show
        return [*self.used, *(expression for value in computed.values() for expression in value.expressions)]

    def expression(self, source: Any, pointer: str) -> Expression:
        found = self.reader.expression(source, self.language, pointer)
        self.used.append(found)
        return found

    def tree(self, tree: Any, pointer: str) -> Value:
        value = self.reader.value(tree, self.language, pointer)
        self.used.extend(value.expressions)
        return value

    def value(self, key: str) -> Value:
        return self.tree(self.entry[key], join(self.pointer, key))

    def named(self, tree: Any, pointer: str) -> Expression | Value:
        """A `let`: a lone expression keeps its type (a moment stays a moment), anything else is a value."""
        text = tree.strip() if isinstance(tree, str) else ""
        if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
            return self.expression(text, pointer)
        return self.tree(tree, pointer)

    def known_resource(self, name: str, pointer: str) -> str:
        return self.reader.known_resource(name, self.resources, pointer)

    def verb(self) -> tuple[str, str]:
        """The verb and its resource, which is empty when a list goes over an expression."""
        present = [verb for verb in VERBS if verb in self.entry]
        if len(present) > 1:
            self.reader.problem(f"an operation has one verb, not {' and '.join(present)}", self.pointer, "use then:")
        if not present:
            return "", ""
        verb = present[0]
        word = self.entry[verb]
        pointer = join(self.pointer, verb)
        if verb == "list" and "${{" in word:
            return verb, ""
        return verb, self.known_resource(word, pointer)

    def within(self) -> tuple[str, Value] | None:
        within = self.entry.get("within")
        if within is None:
            return None
        pointer = join(self.pointer, "within")
        if isinstance(within, str):
            resource = self.known_resource(within, pointer)
            return (resource, self.path_key(resource, pointer)) if resource else None
        name, tree = next(iter(within.items()))
        resource = self.known_resource(name, pointer)
        value = self.tree(tree, join(pointer, name))
        return (resource, value) if resource else None

    def path_key(self, resource: str, pointer: str) -> Value:
        """The path parameter that names a record: the one called like the key, else the only one."""
        names = [parameter.name for parameter in self.operation.parameters if parameter.location == "path"]
        wanted = self.resources[resource].key
        if wanted in names:
            name = wanted
        elif len(names) == 1:
            name = names[0]
        else:
            hint = f"give key: ${{{{ path.<name> }}}}; the path has {', '.join(names) or 'no parameters'}"
            self.reader.problem(f"which path parameter names the {resource}?", pointer, hint)
            return constant(None)
        return self.tree(f"${{{{ path['{name}'] }}}}", pointer)

    def key(self, verb: str, resource: str) -> Value | None:
        if verb not in ("read", "update", "replace", "delete") or not resource:
            return None
        if "key" in self.entry:
            return self.value("key")
        return self.path_key(resource, join(self.pointer, verb))

    def rule(self, at: int, entry: Mapping[str, Any]) -> Rule:
        pointer = join(self.pointer, "require", at)
        return Rule(
            id=f"{self.operation.id}.require[{at}]",
            that=self.expression(entry["that"], f"{pointer}/that"),
            error=self.raised(entry["else"], f"{pointer}/else"),
            evidence=self.reader.grade(entry),
        )

    def warning(self, at: int, entry: Mapping[str, Any]) -> Warn:
        pointer = join(self.pointer, "warn", at)
        return Warn(
            id=f"{self.operation.id}.warn[{at}]",
            that=self.expression(entry["that"], f"{pointer}/that"),
            message=self.tree(entry["message"], f"{pointer}/message"),
            error=self.raised(entry.get("else", "invalid_request"), f"{pointer}/else"),
            evidence=self.reader.grade(entry),
        )

    def raised(self, error: str, pointer: str) -> str:
        """An error that this operation answers: its status must be documented, or the answer could not leave."""
        status = self.reader.status_of(self.reader.known_error(error, pointer))
        if status and self.operation.response_for(status) is None:
            documented = f"documented: {', '.join(self.operation.responses)}"
            self.reader.problem(
                f"{self.operation.id} does not document status {status} of '{error}'", pointer, documented
            )
        return error

    def listing(self, verb: str, resource: str) -> Listing | None:
        if verb != "list":
            return None
        word = self.entry["list"]
        source = self.expression(word, join(self.pointer, "list")) if "${{" in word else None
        where = self.expression(self.entry["where"], join(self.pointer, "where")) if "where" in self.entry else None
        filters = tuple(
            (name, self.tree(tree, join(self.pointer, "filter", name)))
            for name, tree in self.entry.get("filter", {}).items()
        )
        order = tuple((name.removeprefix("-"), name.startswith("-")) for name in self.entry.get("order", ()))
        return Listing(resource, source, filters, where, order)

    def pairs(self, entry: Mapping[str, Any], key: str, pointer: str) -> tuple[tuple[str, Value], ...]:
        return tuple((name, self.tree(tree, join(pointer, key, name))) for name, tree in entry.get(key, {}).items())

    def main_effect(self, verb: str, resource: str) -> Effect | None:
        if verb not in ("create", "update", "replace", "delete") or not resource:
            return None
        return Effect(
            id=f"{self.operation.id}.{verb}",
            verb=verb,
            resource=resource,
            key=None,
            when=None,
            take=self.take() if verb != "delete" else None,
            set=self.pairs(self.entry, "set", self.pointer),
            append=self.pairs(self.entry, "append", self.pointer),
            evidence="documented",
        )

    def take(self) -> frozenset[str] | None:
        """The body's fields that are stored: what the contract knows and lets a client write."""
        body = self.operation.request_body
        schema = next((media.schema for media in body.content.values() if media.schema), None) if body else None
        properties = schema.properties() if schema else {}
        writable = {name for name, field in properties.items() if not field.resolved().data.get("readOnly")}
        if "take" not in self.entry:
            return frozenset(writable) if body else None
        for at, name in enumerate(self.entry["take"]):
            if schema is not None and properties and name not in writable:
                pointer = join(self.pointer, "take", at)
                self.reader.problem(f"the request body has no field '{name}'", pointer, did_you_mean(name, writable))
        return frozenset(self.entry["take"])

    def then(self, at: int, entry: Mapping[str, Any]) -> Effect:
        pointer = join(self.pointer, "then", at)
        verbs = [verb for verb in ("create", "update", "delete") if verb in entry]
        if len(verbs) != 1:
            self.reader.problem("an effect has one of create, update, delete", pointer)
        verb = verbs[0] if verbs else "create"
        resource = self.known_resource(entry.get(verb, ""), join(pointer, verb))
        if verb != "create" and "key" not in entry:
            self.reader.problem(f"{verb} needs the key of the record", pointer, "add key: ${{ … }}")
        return Effect(
            id=f"{self.operation.id}.then[{at}]",
            verb=verb,
            resource=resource,
            key=self.tree(entry["key"], f"{pointer}/key") if "key" in entry else None,
            when=self.expression(entry["when"], f"{pointer}/when") if "when" in entry else None,
            take=None,
            set=self.pairs(entry, "set", pointer),
            append=self.pairs(entry, "append", pointer),
            evidence=self.reader.grade(entry),
        )

    def respond(self) -> Respond:
        entry = self.entry.get("respond", {})
        pointer = join(self.pointer, "respond")
        status = entry.get("status", 0)
        if status and self.operation.response_for(status) is None:
            documented = ", ".join(self.operation.responses)
            self.reader.problem(f"the contract does not document status {status}", f"{pointer}/status", documented)
        self.language = self.language.with_names("items")
        body = self.tree(entry["body"], f"{pointer}/body") if "body" in entry else None
        return Respond(status or success_status(self.operation), self.pairs(entry, "headers", pointer), body)

    def useless(self, verb: str) -> None:
        """Clauses that the verb has no use for are a mistake, not decoration."""
        clauses = {
            **dict.fromkeys(("filter", "where", "order"), ("list",)),
            "take": ("create", "update", "replace"),
            "set": ("create", "update", "replace"),
            "append": ("create", "update", "replace"),
            "key": ("read", "update", "replace", "delete"),
        }
        for clause, verbs in clauses.items():
            if clause in self.entry and verb not in verbs:
                hint = f"it goes with {', '.join(verbs)}"
                self.reader.problem(f"'{clause}' has no effect here", join(self.pointer, clause), hint)
