"""What the monkey hurts is whole again when it says so, so that what a test sees then is the product's."""

import random
import signal

from local.process import free_port
from tests.chaos.monkey import Monkey


def test_a_part_that_was_asked_to_stop_while_it_was_frozen_runs_when_all_is_healed(
    chain, postgres, broker_server, network
):
    api = chain.spawn("api", api_port=free_port())
    chain.await_ready(api)
    monkey = Monkey(chain, postgres, broker_server, network, random.Random(0), [api], parts=())
    api.die(signal.SIGSTOP)
    monkey.ask_to_stop()
    api.die(signal.SIGCONT)
    monkey.heal()
    [healed] = monkey.parts
    assert healed != api
    assert healed.is_ready()
    assert healed.poll() is None
