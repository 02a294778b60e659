"""Free ports on the loopback address."""

import random
import socket

# Below the kernel's range for outgoing connections (32768 and up by default), so that
# a service that is killed and started again finds its port still free.
FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on right now."""
    for _ in range(200):
        port = random.SystemRandom().randint(FIRST, LAST)
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Say whether `port` can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Say whether something accepts connections on `port`."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
