"""The documents other applications were promised, word by word."""

LIST = """
query List { conversations(first: 20) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id isPending unreadCount windowEndsAt
  lastMessage { id text kind direction status } person { id name } identity { scope address } inbox { id name provider } } } } }
"""  # noqa: E501
CHAT = """
query Chat($id: ID!) { conversation(id: $id) { id messages(last: 50) { edges { node { id direction kind text status sender createdAt providerTime
  providerMessageId errorCode replyTo { id } attachments { id kind mimeType name size url } } } } } }
"""  # noqa: E501
SEND = """
mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { __typename ... on Message { id status }
  ... on OperationInfo { messages { kind field code message } } } }
"""
EVENTS = """
subscription Events($after: String) { events(after: $after) { cursor kind at conversationId messageId } }
"""
ME = "{ me { id name role scopes tokenName branches { id name slug } } }"
INBOXES = "{ inboxes { id name provider address isActive branch { slug } } }"
PERSON = "query Person($id: ID!) { person(id: $id) { id name phone tags { name } identities { scope address } } }"
CONTENTS = """
query Contents($id: ID!) { conversation(id: $id) { messages(last: 50) { edges { node { id kind text isEdited isDeleted isImported isForwarded
  edits { text at } reactions { emoji from } location { latitude longitude name address } contacts { name phones } } } } } }
"""  # noqa: E501
JOURNAL = """
query Journal($state: WebhookEventState, $first: Int) { webhookEvents(state: $state, first: $first) { id state error receivedAt } }
"""  # noqa: E501
REACT = """
mutation React($input: ReactInput!) { react(input: $input) { __typename ... on Message { id reactions { emoji from } }
  ... on OperationInfo { messages { kind field code message } } } }
"""
SEND_ATTACHMENT = """
mutation SendFile($input: SendAttachmentInput!) { sendAttachment(input: $input) { __typename
  ... on Message { id kind text status attachments { id kind mimeType name size } }
  ... on OperationInfo { messages { kind field code message } } } }
"""
IDENTITIES = """
query Identities($id: ID!) { person(id: $id) { id marketingStoppedAt identities { id scope address username inboxProvider }
  merges { mergedId mergedName reason undoneAt } } }
"""  # noqa: E501
MERGE = """
mutation Merge($input: MergePersonsInput!) { mergePersons(input: $input) { __typename ... on Person { id name
  identities { id scope address username inboxProvider } } ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
UNMERGE = """
mutation Unmerge($input: UnmergePersonsInput!) { unmergePersons(input: $input) { __typename ... on Person { id name
  identities { address } } ... on OperationInfo { messages { kind field code message } } } }
"""
ASSISTANT = """
query Assistant($id: ID!) { conversation(id: $id) { assistantMode suggestion { id text state rating needsHuman } respondent { values { param value } } } }
"""  # noqa: E501
SET_MODE = """
mutation Mode($input: SetAssistantModeInput!) { setAssistantMode(input: $input) { __typename
  ... on Conversation { id assistantMode assistantPause { reason since } } ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
RESUME = """
mutation Resume($input: ResumeAssistantInput!) { resumeAssistant(input: $input) { __typename
  ... on Conversation { id assistantMode assistantPause { reason since } } ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
STREAM = """
subscription Stream($conversationId: ID!) { suggestionStream(conversationId: $conversationId) { suggestionId state delta text } }
"""  # noqa: E501
COURSES = """
query Courses($first: Int, $after: ID) { courses(first: $first, after: $after) { id name modality duration information priceScheme
  editions { id state estimatedDate days startsAt endsAt minAge maxAge seats notes branch { name } } } }
"""  # noqa: E501
ACCEPT = """
mutation Accept($input: AcceptSuggestionInput!) { acceptSuggestion(input: $input) { __typename ... on Suggestion { id state sentText
  message { id text status sender } } ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
DISCARD = """
mutation Discard($input: DiscardSuggestionInput!) { discardSuggestion(input: $input) { __typename ... on Suggestion { id state }
  ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
ANOTHER = """
mutation Another($input: AnotherSuggestionInput!) { anotherSuggestion(input: $input) { __typename ... on Suggestion { id state instruction }
  ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
RATE = """
mutation Rate($input: RateSuggestionInput!) { rateSuggestion(input: $input) { __typename ... on Suggestion { id rating feedback }
  ... on OperationInfo { messages { kind field code message } } } }
"""  # noqa: E501
