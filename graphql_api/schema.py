"""The schema: one Query, Mutation and Subscription from those of each room.

`make schema` writes it to schema.graphql, `make check` compares.
"""

from collections.abc import Iterable
from typing import Any

import strawberry
from django.db import InterfaceError, OperationalError
from graphql import GraphQLError, OperationType, get_operation_ast
from strawberry.exceptions import MissingQueryError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import StreamResult
from strawberry.tools import merge_types
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType as AllowedType

from graphql_api.accounts.queries import AccountQuery
from graphql_api.assistant.decisions import DecisionMutation
from graphql_api.assistant.mutations import AssistantMutation
from graphql_api.assistant.subscriptions import SuggestionSubscription
from graphql_api.context import Context
from graphql_api.conversations.mutations import ConversationMutation
from graphql_api.conversations.queries import ConversationQuery
from graphql_api.conversations.sending import SendingMutation
from graphql_api.core.queries import EventQuery
from graphql_api.core.subscriptions import EventSubscription
from graphql_api.courses.queries import CourseQuery
from graphql_api.errors import Unauthenticated, coded, present
from graphql_api.inboxes.queries import InboxQuery
from graphql_api.limits import MAX_PAGE, Limits, examine
from graphql_api.people.mutations import PersonMutation
from graphql_api.people.queries import PersonQuery
from graphql_api.threads import in_thread

Query = merge_types("Query", (AccountQuery, InboxQuery, ConversationQuery, PersonQuery, CourseQuery, EventQuery))
Mutation = merge_types(
    "Mutation", (ConversationMutation, SendingMutation, PersonMutation, AssistantMutation, DecisionMutation)
)
Subscription = merge_types("Subscription", (EventSubscription, SuggestionSubscription))

AT_ONCE = frozenset({AllowedType.QUERY, AllowedType.MUTATION})


class Schema(strawberry.Schema):
    """The library's schema; clients are told of errors what they may know."""

    def execute_sync(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[AllowedType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Answer a query or a mutation."""
        return present(
            super().execute_sync(
                query,
                variable_values=variable_values,
                context_value=context_value,
                operation_name=operation_name,
                allowed_operation_types=AT_ONCE,
            )
        )

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[AllowedType] | None = None,
    ) -> StreamResult:
        """Answer whatever came over a socket; queries and mutations in a thread, as the database wants it."""
        if not self._is_subscription(query, operation_name):
            return self._at_once(query, variable_values, context_value, operation_name)
        results = await super().stream(
            query, variable_values=variable_values, context_value=context_value, operation_name=operation_name
        )
        return self._followed(results, context_value or Context())

    def process_errors(self, errors: list[GraphQLError], execution_context: object = None) -> None:
        """Log nothing here: `present` logs what we did not foresee."""

    def _is_subscription(self, query: str | None, operation_name: str | None) -> bool:
        try:
            document = examine(self._schema, query or "").document
        except GraphQLError:
            return False  # the answer says what is wrong with it
        operation = get_operation_ast(document, operation_name)
        return operation is not None and operation.operation is OperationType.SUBSCRIPTION

    async def _at_once(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None,
        context: Context | None,
        operation_name: str | None,
    ) -> StreamResult:
        try:
            if context is None or not await context.is_welcome():
                raise Unauthenticated
            result = await in_thread(self.execute_sync, query, variable_values, context, None, operation_name)
        except (Unauthenticated, InterfaceError, OperationalError) as error:
            result = present(PreExecutionError(None, [GraphQLError("", original_error=error)]))
        except (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError):
            result = PreExecutionError(None, [coded("BAD_USER_INPUT", "There is no such operation in the document.")])
        if result.data is None and all(error.path is None for error in result.errors or ()):
            result = PreExecutionError(None, result.errors)
        yield result

    async def _followed(self, results: StreamResult, context: Context) -> StreamResult:
        try:
            if not await context.is_welcome():
                raise Unauthenticated
            async for result in results:
                yield present(result) if isinstance(result, ExecutionResult) else result
        except (Unauthenticated, InterfaceError, OperationalError) as error:
            yield present(PreExecutionError(None, [GraphQLError("", original_error=error)]))
        finally:
            await results.aclose()


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    extensions=[Limits],
    config=StrawberryConfig(relay_max_results=MAX_PAGE, disable_field_suggestions=True, batching_config=None),
)
