"""One entry under `operations:`, or one of its cases -> `OperationRules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mockserver.behaviour.build_arrangement import read_arrangement
from mockserver.behaviour.build_effects import EffectReader
from mockserver.behaviour.build_paging import read_paging
from mockserver.behaviour.clauses import ClauseReader
from mockserver.behaviour.declared import Case, Effect, Listing, OperationRules, Respond, Rule
from mockserver.behaviour.keys import Place
from mockserver.behaviour.values import Value, constant
from mockserver.behaviour.views import item_schema, named_properties, success_schema, success_status
from mockserver.exceptions import did_you_mean
from mockserver.expressions import Expression
from mockserver.spec.references import join

VERBS = ("list", "read", "create", "update", "replace", "delete")
#: What an operation with cases may say itself.
_SHARED = frozenset({"about", "evidence", "within", "let", "require", "warn", "cases", "respond"})
_IMPURE = frozenset({"now", "headers", "body", "caller", "@draws"})


class OperationBuilder(ClauseReader):
    """Reads the entry of one operation, or of one of its cases."""

    def build(self) -> OperationRules:
        """The rules of the entry."""
        entry = self.entry
        evidence = self.reader.grade(entry)
        verb, resource = self.verb()
        within = self.within()
        self.place = Place(resource, within[0] if within else self.parent, self.operation)
        key = self.key(verb, resource)
        let = []
        for name, tree in entry.get("let", {}).items():
            pointer = join(self.pointer, "let", name)
            self.new_name(name, pointer)
            let.append((name, self.named(tree, pointer)))
            self.language = self.language.with_names(name)
        require = tuple(self.rule(at, rule) for at, rule in enumerate(entry.get("require", ())))
        warn = tuple(self.warning(at, rule) for at, rule in enumerate(entry.get("warn", ())))
        listing = self.listing(verb, resource)
        effect = self.main_effect(verb, resource)
        show = dict(self.pairs(entry, "show", self.pointer))
        self.keys.done(self.place)
        require = tuple(self.arranged(at, rule) for at, rule in enumerate(require))
        cases = self.cases()
        self.language = self.language.with_names("result")
        self.place = replace(self.place, result=resource)
        then = self.then()
        respond = self.respond(verb)
        self.useless(verb)
        pure = not (effect or then) and not any(expression.names & _IMPURE for expression in self.every(resource, show))
        pure = pure and all(case.rules.pure for case in cases)
        if listing is not None and listing.page is not None and listing.page.steady is not None:
            pure = False  # what was asked before decides, too
        reads = {name for expression in self.every(resource, show) for name in expression.names} & set(self.resources)
        reads |= {name for case in cases for name in case.rules.reads}
        return OperationRules(
            id=self.id,
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
            cases=cases,
        )

    def every(self, resource: str, show: Mapping[str, Value]) -> list[Expression]:
        """All expressions that decide the answer, those of the shown resource's computed fields included."""
        shown = self.resources.get(resource)
        computed = {**shown.computed, **show} if shown is not None else show
        return [*self.used, *(expression for value in computed.values() for expression in value.expressions)]

    def arranged(self, at: int, rule: Rule) -> Rule:
        """The rule with its arrangement, which sees nothing of the operation."""
        entry = self.entry["require"][at].get("arrange")
        if entry is None:
            return rule
        pointer = join(self.pointer, "require", at, "arrange")
        return replace(rule, arrange=read_arrangement(self, entry, rule.id, pointer))

    def cases(self) -> tuple[Case, ...]:
        """The several ways of the operation; each sees the names that they share."""
        entries = self.entry.get("cases", ())
        built = []
        for at, entry in enumerate(entries):
            pointer = join(self.pointer, "cases", at)
            when = entry.get("when", True)
            if when is True and at < len(entries) - 1:
                hint = "give it when: ${{ … }}, or make it the last"
                self.reader.problem("a case without 'when' hides those after it", pointer, hint)
            test = None if when is True else self.expression(when, f"{pointer}/when")
            self.keys.done(self.place)
            builder = OperationBuilder(
                *(self.reader, self.keys, self.operation, entry, pointer),
                *(self.language, self.resources, self.tokens),
                id=f"{self.id}.cases[{at}]",
                parent=self.place.parent,
            )
            built.append(Case(test, builder.build()))
        return tuple(built)

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
        filters = self.filters(self.entry, "filter", self.pointer)
        order = tuple(self.order(at, item) for at, item in enumerate(self.entry.get("order", ())))
        for name, _ in filters:
            self.keys.field(resource, name, join(self.pointer, "filter", name), at_key=True)
        for at, each in enumerate(order):
            if isinstance(each, tuple):
                self.keys.field(resource, each[0], join(self.pointer, "order", at))
        page = read_paging(self) if "page" in self.entry else None
        return Listing(resource, source, filters, where, order, page)

    def order(self, at: int, item: str) -> tuple[str, bool] | Value:
        """A field to sort by, and whether it descends; or what will say so."""
        if "${{" in item:
            return self.tree(item, join(self.pointer, "order", at))
        return item.removeprefix("-"), item.startswith("-")

    def main_effect(self, verb: str, resource: str) -> Effect | None:
        if verb not in ("create", "update", "replace", "delete") or not resource:
            return None
        return Effect(
            id=f"{self.id}.{verb}",
            verb=verb,
            resource=resource,
            key=None,
            when=None,
            take=self.take() if verb != "delete" else None,
            set=self.written(self.entry, "set", self.pointer),
            append=self.written(self.entry, "append", self.pointer),
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

    def then(self) -> tuple[Effect, ...]:
        """The effects; what they bind is known to the answer."""
        effects = EffectReader(self.reader, self.keys, self.language, self.resources, self.tokens, self.place)
        then = effects.read(self.entry.get("then", ()), self.id, self.pointer)
        self.language, self.place = effects.language, effects.place
        self.used += effects.used
        return then

    def respond(self, verb: str) -> Respond:
        entry = self.entry.get("respond", {})
        pointer = join(self.pointer, "respond")
        status = entry.get("status", 0)
        if status and self.operation.response_for(status) is None:
            message = f"the contract does not document status {status}"
            self.reader.problem(message, f"{pointer}/status", self.statuses())
        status = status or success_status(self.operation)
        shown = self.shown_names(verb, status)
        self.language = self.language.with_names("shown", *(("page",) if "page" in self.entry else ()))
        body = self.tree(entry["body"], f"{pointer}/body") if "body" in entry else None
        headers = self.pairs(entry, "headers", pointer)
        self.keys.done(replace(self.place, shown=shown, many=verb == "list", paged="page" in self.entry))
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
        if "cases" in self.entry:
            for clause in self.entry.keys() - _SHARED:
                message = f"'{clause}' has no effect beside 'cases'"
                self.reader.problem(message, join(self.pointer, clause), "write it into the cases", at_key=True)
            if "respond" in self.entry and self.entry["cases"][-1].get("when", True) is True:
                hint = "the last case is for everything else"
                self.reader.problem("'respond' has no effect here", join(self.pointer, "respond"), hint, at_key=True)
            return
        clauses = {
            **dict.fromkeys(("from", "filter", "where", "order", "page"), ("list",)),
            "take": ("create", "update", "replace"),
            "set": ("create", "update", "replace"),
            "append": ("create", "update", "replace"),
            "key": ("read", "update", "replace", "delete"),
        }
        for clause, verbs in clauses.items():
            if clause in self.entry and verb not in verbs:
                hint = f"it goes with {', '.join(verbs)}"
                self.reader.problem(f"'{clause}' has no effect here", join(self.pointer, clause), hint)
