"""The agent's decisions: what each look leads to, and what holds for two agents whatever they see and when."""

from __future__ import annotations

import random
import unittest
from dataclasses import replace
from typing import Callable

from mesh_host.agent_core import (
    CLAIM,
    DRAINED,
    FROZEN,
    PRIMARY,
    RELEASE,
    STANDBY,
    Decision,
    Rules,
    State,
    View,
    decide,
)

LAN = Rules(shared=True)
CLOUD = Rules(shared=False)
MINE = View(running=True, online=True, peer_primary=False, advertises=True, held=False)
Decide = Callable[[State, View, Rules], Decision]


def after(view: View, looks: int, state: State | None = None, rules: Rules = LAN) -> Decision:
    state = state or State()
    actions: tuple[str, ...] = ()
    for _ in range(looks):
        state, actions = decide(state, view, rules)
    return state, actions


class Looks(unittest.TestCase):
    def test_two_looks_that_agree_make_a_primary_and_one_does_not(self) -> None:
        self.assertEqual(after(MINE, 1)[1], ())
        state, actions = after(MINE, 2)
        self.assertEqual((state.role, actions), (PRIMARY, (CLAIM,)))

    def test_a_single_look_in_between_starts_over(self) -> None:
        state, _ = after(MINE, 1)
        state, actions = decide(state, replace(MINE, peer_primary=True), LAN)
        self.assertEqual((state.role, actions), (STANDBY, ()))
        self.assertEqual(decide(state, MINE, LAN)[1], ())

    def test_a_holder_lets_go_at_once_when_a_peer_is_primary(self) -> None:
        state, _ = after(MINE, 2)
        _, actions = decide(state, replace(MINE, peer_primary=True, held=True), LAN)
        self.assertEqual(actions, (RELEASE,))

    def test_in_a_cloud_who_wants_the_address_takes_it_and_nobody_lets_go(self) -> None:
        state, actions = after(MINE, 2, rules=CLOUD)
        self.assertEqual(actions, (CLAIM,))
        self.assertEqual(decide(state, replace(MINE, peer_primary=True, held=True), CLOUD)[1], ())

    def test_without_the_control_plane_nothing_changes(self) -> None:
        for blind in (replace(MINE, online=False), replace(MINE, running=False)):
            state, _ = after(replace(MINE, held=True), 3)
            state, actions = decide(state, replace(blind, held=True), LAN)
            self.assertEqual((state.role, actions), (FROZEN, ()))
            self.assertEqual(after(blind, 5)[1], ())

    def test_who_is_blind_and_hears_another_lets_go(self) -> None:
        state, _ = after(replace(MINE, held=True), 3)
        blind = replace(MINE, online=False, held=True)
        self.assertEqual(decide(state, replace(blind, heard=True), LAN)[1], (RELEASE,))
        self.assertEqual(decide(state, blind, LAN)[1], ())

    def test_who_offers_nothing_is_drained_and_lets_go(self) -> None:
        state, _ = after(replace(MINE, held=True), 3)
        state, actions = decide(state, replace(MINE, advertises=False, held=True), LAN)
        self.assertEqual((state.role, actions), (DRAINED, (RELEASE,)))


class World:
    """Two routers on one switch. What each sees of the control plane is late, wrong or missing while `chaos` lasts."""

    def __init__(self, seed: int, choose: Decide) -> None:
        self.random = random.Random(seed)
        self.choose = choose
        self.states = [State(), State()]
        self.held = [False, False]
        self.announced = [False, False]
        self.rules = [Rules(shared=True, silence=8 + 3 * order) for order in range(2)]
        self.primary = 0
        self.seen = [0, 0]
        self.online = [True, True]

    def tick(self, chaos: bool) -> list[tuple[str, ...]]:
        if chaos:
            if self.random.random() < 0.1:
                self.primary = self.random.randrange(2)
            for router in range(2):
                if self.random.random() < 0.3:
                    self.seen[router] = self.random.choice([self.primary, self.seen[router], 1 - self.primary])
                if self.random.random() < 0.1:
                    self.online[router] = self.random.random() < 0.6
        else:
            self.seen = [self.primary, self.primary]
            self.online = [True, True]
        done = []
        for router in range(2):
            heard, self.announced[1 - router] = self.announced[1 - router], False
            view = View(
                running=True,
                online=self.online[router],
                peer_primary=self.seen[router] != router,
                advertises=True,
                held=self.held[router],
                heard=heard,
            )
            self.states[router], actions = self.choose(self.states[router], view, self.rules[router])
            for action in actions:
                self.held[router] = action != RELEASE if action in (CLAIM, RELEASE) else self.held[router]
                self.announced[router] = self.announced[router] or action != RELEASE
            done.append(actions)
        return done


# Ticks after which views that agree and stay have led to one holder: both silences and two looks, with some to spare.
SETTLED = 30


def broken(choose: Decide) -> str | None:
    """The first promise that does not hold, over many worlds; None when all hold."""
    for seed in range(300):
        world = World(seed, choose)
        for _ in range(world.random.randrange(20, 120)):
            world.tick(chaos=True)
        for _ in range(SETTLED):
            world.tick(chaos=False)
        for _ in range(20):
            if sum(world.held) != 1 or not world.held[world.primary]:
                return f"seed {seed}: held by {world.held}, primary is {world.primary}"
            if any(CLAIM in actions or RELEASE in actions for actions in world.tick(chaos=False)):
                return f"seed {seed}: the address moves though nothing changes"
    return None


def trusts_itself(state: State, view: View, rules: Rules) -> Decision:
    """As if `Self.PrimaryRoutes` were asked: what a router once was it goes on believing."""
    return decide(state, replace(view, peer_primary=view.peer_primary and state.role != PRIMARY), rules)


def deaf(state: State, view: View, rules: Rules) -> Decision:
    return decide(state, replace(view, heard=False), rules)


def keeps(state: State, view: View, rules: Rules) -> Decision:
    """Never lets go."""
    new, actions = decide(state, view, rules)
    return new, tuple(action for action in actions if action != RELEASE)


class Promises(unittest.TestCase):
    def test_once_views_agree_one_router_holds_the_address_and_it_is_the_right_one(self) -> None:
        self.assertIsNone(broken(decide))

    def test_control_a_router_that_trusts_its_own_word_breaks_it(self) -> None:
        self.assertIsNotNone(broken(trusts_itself))

    def test_control_a_router_that_never_lets_go_breaks_it(self) -> None:
        self.assertIsNotNone(broken(keeps))

    def test_blind_routers_change_nothing_but_to_let_go_of_what_another_claims(self) -> None:
        for seed in range(200):
            world = World(seed, decide)
            for _ in range(40):
                world.tick(chaos=True)
            for router, state in enumerate(world.states):
                blind = View(False, False, False, True, world.held[router])
                self.assertEqual(decide(state, blind, LAN)[1], ())

    def test_two_that_are_blind_end_with_one_holder_at_most_and_deaf_ones_do_not(self) -> None:
        def holders(choose: Decide) -> int:
            world = World(1, choose)
            world.held = [True, True]
            world.states = [State(role=PRIMARY, streak=2, age=2)] * 2
            # The second still sees the control plane, and announces; the first does not.
            for _ in range(20):
                world.seen, world.online = [0, 1], [False, True]
                for router in range(2):
                    heard, world.announced[1 - router] = world.announced[1 - router], False
                    view = View(True, world.online[router], False, True, world.held[router], heard)
                    world.states[router], actions = choose(world.states[router], view, LAN)
                    for action in actions:
                        world.held[router] = action != RELEASE if action in (CLAIM, RELEASE) else world.held[router]
                        world.announced[router] = world.announced[router] or action != RELEASE
            return sum(world.held)

        self.assertEqual(holders(decide), 1)
        self.assertEqual(holders(deaf), 2)


if __name__ == "__main__":
    unittest.main()
