"""What the gateway counts, beside the counters that all services share."""

from prometheus_client import Counter

ASKED = Counter("logjedi_approvals_asked", "Proposals and advices taken in.", ["kind"])
DECIDED = Counter("logjedi_votes_recorded", "Votes recorded.", ["verdict", "channel"])
REFUSED = Counter("logjedi_votes_refused", "Clicks that recorded nothing, by why.", ["reason", "channel"])
REPLAYED = Counter("logjedi_requests_replayed", "Signed requests seen before, answered without effect.", ["channel"])
UNBELIEVED = Counter("logjedi_requests_unbelieved", "Requests refused before they were read.", ["channel", "reason"])
CHAT_ERRORS = Counter("logjedi_chat_errors", "Calls to a chat API that failed.", ["channel", "method"])
