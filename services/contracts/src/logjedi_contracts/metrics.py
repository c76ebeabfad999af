"""Counters of what all services share; each service adds its own beside them."""

from prometheus_client import Counter, Gauge

PUBLISHED = Counter("logjedi_messages_published", "Messages put on a stream.", ["stream", "type"])
CONSUMED = Counter("logjedi_messages_consumed", "Messages read, by what became of them.", ["stream", "result"])
DROPPED = Counter("logjedi_messages_dropped", "Unread messages dropped at the hard cap. Alert on any.", ["stream"])
BACKLOG = Gauge("logjedi_stream_length", "Entries on a stream after its last trim.", ["stream"])
