"""What a document may ask for at most. All of it is checked before anything touches the database.

Shape of a document (length, tokens, depth, aliases, directives) and its validity against the schema are
examined once and remembered; what it costs depends on the variables and is counted for each request.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NoSchemaIntrospectionCustomRule,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    Visitor,
    get_named_type,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graphql_api.errors import coded

MAX_LENGTH = 15_000
MAX_TOKENS = 1_000
MAX_DEPTH = 8
MAX_ALIASES = 15
MAX_DIRECTIVES = 50
MAX_REPETITIONS = 15
"""Validation compares each pair of equal fields: 240 of them take it a tenth of a second."""
MAX_COST = 5_000
MAX_PAGE = 100
REMEMBERED = 32
MAX_ERRORS = 10

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class Limits(SchemaExtension):
    """Parses and validates in place of the library, within the limits."""

    def on_parse(self) -> Iterator[None]:
        """Hand over the parsed document. Raises GraphQLError when it cannot be read."""
        self._examined = examine(self._schema, self.execution_context.query or "")
        self.execution_context.graphql_document = self._examined.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Hand over the errors; a list, also an empty one, tells that validation is done."""
        errors = list(self._examined.errors)
        if not errors:
            errors = too_costly(self._schema, self._examined.document, self._operation_name, self._variables)
        self.execution_context.pre_execution_errors = errors
        yield

    @property
    def _schema(self) -> GraphQLSchema:
        return self.execution_context.schema._schema

    @property
    def _operation_name(self) -> str | None:
        return self.execution_context.operation_name

    @property
    def _variables(self) -> dict[str, Any]:
        return self.execution_context.variables or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A document and what is wrong with it, whatever the variables."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]


def examine(schema: GraphQLSchema, text: str) -> Examined:
    """Parse a document and judge it. Raises GraphQLError when it cannot be parsed within the limits."""
    return _examine(schema, text, settings.DEBUG)


@lru_cache(maxsize=REMEMBERED)
def _examine(schema: GraphQLSchema, text: str, may_introspect: bool) -> Examined:
    if len(text) > MAX_LENGTH:
        raise coded("TOO_LONG", f"A document may have {MAX_LENGTH} characters.")
    try:
        document = parse(text, max_tokens=MAX_TOKENS)
    except GraphQLError as error:
        error.extensions = {"code": "GRAPHQL_PARSE_FAILED"}
        raise
    return Examined(document=document, errors=tuple(_judge(schema, document, may_introspect)))


def _judge(schema: GraphQLSchema, document: DocumentNode, may_introspect: bool) -> list[GraphQLError]:
    counter = _Counter()
    visit(document, counter)
    if counter.aliases > MAX_ALIASES:
        return [coded("TOO_MANY_ALIASES", f"A document may have {MAX_ALIASES} aliases.")]
    if counter.repetitions > MAX_REPETITIONS:
        return [coded("TOO_REPETITIVE", f"A document may repeat {MAX_REPETITIONS} fields.")]
    if counter.directives > MAX_DIRECTIVES:
        return [coded("TOO_MANY_DIRECTIVES", f"A document may have {MAX_DIRECTIVES} directives.")]
    for operation in _operations(document):
        ones = {node.variable.name.value: 1 for node in operation.variable_definitions or ()}
        size = _Measure(schema, document, operation, ones).of_operation()
        if size.depth > MAX_DEPTH:
            return [coded("TOO_DEEP", f"A document may have {MAX_DEPTH} levels.")]
        if size.cost > MAX_COST:  # with the smallest pages: no need to look closer, which may take long
            return [_too_costly(size.cost)]
    rules = RULES if may_introspect else (*RULES, NoSchemaIntrospectionCustomRule)
    errors = validate(schema, document, rules, max_errors=MAX_ERRORS, hide_suggestions=True)
    for error in errors:
        error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
    return errors


def too_costly(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, variables: dict[str, Any]
) -> list[GraphQLError]:
    """Return what is wrong with the size of what a valid document asks for, with these variables."""
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return []
    measure = _Measure(schema, document, operation, variables)
    cost = measure.of_operation().cost
    if measure.has_wrong_page:
        return [coded("BAD_USER_INPUT", f"A page has 1 to {MAX_PAGE} entries.")]
    if cost > MAX_COST:
        return [_too_costly(cost)]
    return []


def _too_costly(cost: int) -> GraphQLError:
    return coded("TOO_COSTLY", f"This could return {cost} objects; {MAX_COST} are allowed.")


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


class _Counter(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.aliases = self.directives = self.repetitions = 0

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        fields = [found for found in node.selections if isinstance(found, FieldNode)]
        self.repetitions += len(fields) - len({(found.alias or found.name).value for found in fields})

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.aliases += node.alias is not None

    def enter_directive(self, *_: Any) -> None:
        self.directives += 1


class _Size(NamedTuple):
    depth: int
    cost: int


class _Measure:
    """Measures one operation. Each fragment is measured once, however often it is spread."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}
        defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        self._variables: dict[str, Any] = {**defaults, **variables}
        self.has_wrong_page = False

    def of_operation(self) -> _Size:
        """Return how deep the operation goes, and how many objects it could return."""
        root = self._schema.get_root_type(self._operation.operation)
        return self._of_selections(self._operation.selection_set, root, 0)

    def _of_selections(self, selections: SelectionSetNode, parent: object, level: int) -> _Size:
        if level > MAX_DEPTH:  # deep enough to be refused: look no further
            return _Size(1, 0)
        depth = cost = 0
        for node in selections.selections:
            match node:
                case FieldNode():
                    size = self._of_field(node, parent, level)
                case InlineFragmentNode():
                    narrowed = node.type_condition and self._schema.get_type(node.type_condition.name.value)
                    size = self._of_selections(node.selection_set, narrowed or parent, level)
                case FragmentSpreadNode():
                    size = self._of_fragment(node.name.value, level)
                case _:
                    continue
            depth, cost = max(depth, size.depth), cost + size.cost
        return _Size(depth, cost)

    def _of_fragment(self, name: str, level: int) -> _Size:
        if name not in self._known:
            self._known[name] = _Size(0, 0)  # a cycle ends here; validation refuses it
            if fragment := self._fragments.get(name):
                narrowed = self._schema.get_type(fragment.type_condition.name.value)
                self._known[name] = self._of_selections(fragment.selection_set, narrowed, level)
        return self._known[name]

    def _of_field(self, node: FieldNode, parent: object, level: int) -> _Size:
        if node.name.value.startswith("__"):
            return _Size(0, 0)
        if node.selection_set is None:
            return _Size(1, 0)
        known = parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
        field = known.get(node.name.value)
        inner = self._of_selections(node.selection_set, field and get_named_type(field.type), level + 1)
        times = 1
        for name in ("first", "last"):
            if field and name in field.args:
                times *= self._page(node, name, field.args[name].default_value)
        return _Size(1 + inner.depth, times * (1 + inner.cost))

    def _page(self, node: FieldNode, name: str, default: object) -> int:
        """Return how many entries are asked for; what is no number is refused when variables are read."""
        asked: object = next((given.value for given in node.arguments or () if given.name.value == name), None)
        if isinstance(asked, VariableNode):
            asked = self._variables.get(asked.name.value)
        if isinstance(asked, IntValueNode):
            asked = int(asked.value) if len(asked.value) < 10 else MAX_PAGE + 1
        if asked is None or isinstance(asked, NullValueNode):
            asked = MAX_PAGE if default is Undefined else default
        if not isinstance(asked, int):
            return MAX_PAGE
        self.has_wrong_page |= not 1 <= asked <= MAX_PAGE
        return max(asked, 1)
