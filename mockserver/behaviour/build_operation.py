"""One entry under `operations:` -> `OperationRules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.declared import Effect, Listing, OperationRules, Resource, Respond, Rule, Warn
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.reading import Reader, lone_expression, unusable
from mockserver.behaviour.values import Value, constant
from mockserver.behaviour.views import item_schema, named_properties, success_schema, success_status
from mockserver.contract.model import Operation
from mockserver.errors import did_you_mean
from mockserver.expressions import Expression, Language
from mockserver.spec.references import join

VERBS = ("list", "read", "create", "update", "replace", "delete")
#: Names that come to be known while an operation is applied.
LATER_NAMES = ("result", "shown")
_IMPURE = frozenset({"now", "headers", "body", "caller", "@draws"})


class OperationBuilder:
    """Reads the entry of one operation; faults go to the reader, the names that it uses to `keys`."""

    def __init__(
        self,
        reader: Reader,
        keys: KeyChecker,
        operation: Operation,
        entry: Mapping[str, Any],
        pointer: str,
        language: Language,
        resources: Mapping[str, Resource],
    ) -> None:
        self.reader, self.keys = reader, keys
        self.operation, self.entry, self.pointer = operation, entry, pointer
        self.language, self.resources = language, resources
        self.used: list[Expression] = []
        self.place = Place()

    def build(self) -> OperationRules:
        """The rules of the operation."""
        entry, id = self.entry, self.operation.id
        evidence = self.reader.grade(entry)
        verb, resource = self.verb()
        within = self.within()
        self.place = Place(resource, within[0] if within else "", self.operation)
        key = self.key(verb, resource)
        let = []
        for name, tree in entry.get("let", {}).items():
            pointer = join(self.pointer, "let", name)
            self.let_name(name, pointer)
            let.append((name, self.named(tree, pointer)))
            self.language = self.language.with_names(name)
        require = tuple(self.rule(at, rule) for at, rule in enumerate(entry.get("require", ())))
        warn = tuple(self.warning(at, rule) for at, rule in enumerate(entry.get("warn", ())))
        listing = self.listing(verb, resource)
        effect = self.main_effect(verb, resource)
        show = dict(self.pairs(entry, "show", self.pointer))
        self.keys.done(self.place)
        self.language = self.language.with_names("result")
        self.place = replace(self.place, result=resource)
        then = tuple(self.then(at, rules) for at, rules in enumerate(entry.get("then", ())))
        respond = self.respond(verb)
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

    def let_name(self, name: str, pointer: str) -> None:
        """A `let` must be a word that an expression can say, and must not hide another."""
        if name in LATER_NAMES or name in self.language.names:
            self.reader.problem(f"'{name}' has a meaning already", pointer, "choose another name", at_key=True)
        elif unusable(name):
            self.reader.problem(f"an expression cannot say '{name}'", pointer, unusable(name), at_key=True)

    def named(self, tree: Any, pointer: str) -> Expression | Value:
        """A `let`: a lone expression keeps its type (a moment stays a moment), anything else is a value."""
        return self.expression(tree, pointer) if lone_expression(tree) is not None else self.tree(tree, pointer)

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
        if verb == "list" and "${{" in word:
            return verb, ""
        resource = self.known_resource(word, join(self.pointer, verb))
        if verb in ("read", "update", "replace", "delete"):
            self.may_miss(resource, join(self.pointer, verb))
        return verb, resource

    def may_miss(self, resource: str, pointer: str) -> None:
        """A record that is looked up may not be there: the operation must document the API's error for that.

        Where the API's own form of the error is not declared, there is nothing to document.
        """
        if resource and self.resources[resource].missing in self.reader.declared_errors:
            self.documented(self.resources[resource].missing, pointer)

    def within(self) -> tuple[str, Value] | None:
        within = self.entry.get("within")
        if within is None:
            return None
        pointer = join(self.pointer, "within")
        if isinstance(within, str):
            resource = self.known_resource(within, pointer)
            self.may_miss(resource, pointer)
            return (resource, self.path_key(resource, pointer)) if resource else None
        name, tree = next(iter(within.items()))
        resource = self.known_resource(name, join(pointer, name))
        self.may_miss(resource, pointer)
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
        """An error that a rule of this operation raises: it must be known, its status documented."""
        self.documented(self.reader.known_error(error, pointer), pointer)
        return error

    def documented(self, error: str, pointer: str) -> None:
        """The status of an error must be documented, or the API's own answer could not leave."""
        status = self.reader.status_of(error)
        if status and self.operation.response_for(status) is None:
            message = f"{self.operation.id} does not document status {status} of '{error}'"
            self.reader.problem(message, pointer, self.statuses())

    def statuses(self) -> str:
        return f"documented: {', '.join(self.operation.responses)}"

    def listing(self, verb: str, resource: str) -> Listing | None:
        if verb != "list":
            return None
        word, source = self.entry["list"], None
        if "from" in self.entry:
            source = self.expression(self.entry["from"], join(self.pointer, "from"))
            if "${{" in word:
                hint = "name a resource there, or leave out 'from'"
                self.reader.problem("'list' is an expression already", join(self.pointer, "from"), hint)
        elif "${{" in word:
            source = self.expression(word, join(self.pointer, "list"))
        where = self.expression(self.entry["where"], join(self.pointer, "where")) if "where" in self.entry else None
        filters = self.pairs(self.entry, "filter", self.pointer)
        order = tuple((name.removeprefix("-"), name.startswith("-")) for name in self.entry.get("order", ()))
        for name, _ in filters:
            self.keys.field(resource, name, join(self.pointer, "filter", name), at_key=True)
        for at, (name, _) in enumerate(order):
            self.keys.field(resource, name, join(self.pointer, "order", at))
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
        key = self.tree(entry["key"], f"{pointer}/key") if "key" in entry else None
        when = self.expression(entry["when"], f"{pointer}/when") if "when" in entry else None
        self.keys.done(self.place)  # before the record of the effect is found, `item` is that of the verb
        set, append = self.pairs(entry, "set", pointer), self.pairs(entry, "append", pointer)
        self.keys.done(replace(self.place, item=resource))
        return Effect(
            id=f"{self.operation.id}.then[{at}]",
            verb=verb,
            resource=resource,
            key=key,
            when=when,
            take=None,
            set=set,
            append=append,
            evidence=self.reader.grade(entry),
        )

    def respond(self, verb: str) -> Respond:
        entry = self.entry.get("respond", {})
        pointer = join(self.pointer, "respond")
        status = entry.get("status", 0)
        if status and self.operation.response_for(status) is None:
            message = f"the contract does not document status {status}"
            self.reader.problem(message, f"{pointer}/status", self.statuses())
        status = status or success_status(self.operation)
        shown = self.shown_names(verb, status)
        self.language = self.language.with_names("shown")
        body = self.tree(entry["body"], f"{pointer}/body") if "body" in entry else None
        headers = self.pairs(entry, "headers", pointer)
        self.keys.done(replace(self.place, shown=shown, many=verb == "list"))
        return Respond(status, headers, body)

    def shown_names(self, verb: str, status: int) -> frozenset[str] | None:
        """The fields that the answer shows of a record (None: any); names that the contract lacks are noted."""
        whole = success_schema(self.operation, status)
        wrap = self.entry.get("as", "")
        parts = named_properties(whole)
        if wrap and parts is not None and wrap not in parts:
            hint = did_you_mean(wrap, parts, f"it has {', '.join(parts)}")
            self.reader.problem(f"the answer has no '{wrap}' in the contract", join(self.pointer, "as"), hint)
            return None
        fields = named_properties(item_schema(whole, wrap, verb == "list"))
        if self.place.item and whole is not None:
            self.keys.shows(self.place.item, None if fields is None else frozenset(fields))
        if fields is None:
            return None
        for name in self.entry.get("show", {}):
            if name not in fields:
                hint = did_you_mean(name, fields, f"it has {', '.join(fields)}")
                message = f"what is shown has no '{name}' in the contract"
                self.reader.problem(message, join(self.pointer, "show", name), hint, at_key=True)
        return frozenset(fields)

    def useless(self, verb: str) -> None:
        """Clauses that the verb has no use for are a mistake, not decoration."""
        clauses = {
            **dict.fromkeys(("from", "filter", "where", "order"), ("list",)),
            "take": ("create", "update", "replace"),
            "set": ("create", "update", "replace"),
            "append": ("create", "update", "replace"),
            "key": ("read", "update", "replace", "delete"),
        }
        for clause, verbs in clauses.items():
            if clause in self.entry and verb not in verbs:
                hint = f"it goes with {', '.join(verbs)}"
                self.reader.problem(f"'{clause}' has no effect here", join(self.pointer, clause), hint)
