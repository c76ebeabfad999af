import socket

from logjedi_analyzer import __main__ as main
from logjedi_analyzer.settings import Settings


def test_accepted_connections_answer_without_waiting_for_an_ack() -> None:
    settings = Settings(analyzer_host="127.0.0.1", analyzer_port=0)
    with main._listen(settings) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
