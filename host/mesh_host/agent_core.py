"""What to do with one shared address (the VIP) of a LAN, from what is seen. Pure: no clock, no I/O.

One elector: the control plane makes one router of a site primary for a prefix, and the address follows it. A router
learns who that is from its peers: if one of them has the prefix, it is that one; if none has, and the control plane
is there, it is this router. (Its own `PrimaryRoutes` does not tell: on headscale they are filtered by policy and not
refreshed.)

Without the control plane nothing is decided: who holds goes on holding. But tailscaled notices a dead connection only
after two minutes, and believes its last netmap until then; so on a LAN with a switch, where two machines can hold one
address, an announcement of somebody else counts more than a belief: who hears it lets go, and takes the address back
only when all is silent. (RFC 5227, section 2.4, is about hosts that own their address. Here the one who announced
last has the newer word.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

STARTING = "starting"
PRIMARY = "primary"
STANDBY = "standby"
FROZEN = "frozen"
DRAINED = "drained"

CLAIM = "claim"
RELEASE = "release"
ANNOUNCE = "announce"


@dataclass(frozen=True)
class View:
    """One look around, about one address."""

    # tailscaled's BackendState is Running.
    running: bool
    # The control plane is connected.
    online: bool
    # A peer is primary for a prefix that the address belongs to.
    peer_primary: bool
    # This node offers those prefixes.
    advertises: bool
    # The address is here.
    held: bool
    # Since the last look, another machine announced the address on the LAN.
    heard: bool = False
    # A look between two ticks, because something happened: periods are counted in ticks.
    early: bool = False


@dataclass(frozen=True)
class Rules:
    # Several machines can hold the address at once (layer 2): the loser has to let go, and the winner to announce.
    shared: bool
    # Looks in a row that must say "primary" before the address is claimed.
    confirm: int = 2
    # Ticks between two announcements of a holder.
    announce_every: int = 5
    # Ticks without anybody's announcement before an address that was given up is claimed again. Different on each
    # router of a pair, or two that gave up at once would claim at once; longer than `announce_every`.
    silence: int = 8
    # Ticks for which a claim is newer than what is heard.
    defend: int = 2


@dataclass(frozen=True)
class State:
    role: str = STARTING
    # Looks in a row that said "primary"; no more than are needed.
    streak: int = 0
    # Gave the address up because it was heard, and has not been told otherwise since.
    yielded: bool = False
    # Ticks since another machine was heard.
    quiet: int = 0
    # Ticks since the claim; None: not claimed here, or adopted from a former run.
    age: int | None = None


Decision = tuple[State, tuple[str, ...]]


def decide(state: State, view: View, rules: Rules) -> Decision:
    """The next state, and what to do now. What was done is seen as `held` in the next look."""
    tick = 0 if view.early else 1
    quiet = 0 if view.heard else min(state.quiet + tick, rules.silence)
    age = min(state.age + tick, rules.announce_every) if state.age is not None and view.held else None
    state = replace(state, quiet=quiet, age=age)
    if not (view.running and view.online):
        return _frozen(state, view, rules)
    if not view.advertises or view.peer_primary:
        return _other(state, view, rules)
    return _primary(state, view, rules)


def _frozen(state: State, view: View, rules: Rules) -> Decision:
    state = replace(state, role=FROZEN, streak=0)
    return _yield(state) if rules.shared and view.held and view.heard else (state, ())


def _other(state: State, view: View, rules: Rules) -> Decision:
    """At once: a holder that waits would be one of two."""
    role = STANDBY if view.advertises else DRAINED
    release = (RELEASE,) if rules.shared and view.held else ()
    return replace(state, role=role, streak=0, yielded=False, age=None), release


def _primary(state: State, view: View, rules: Rules) -> Decision:
    streak = min(state.streak + 1, rules.confirm)
    # A role of before goes on until the new one is certain.
    new = streak == rules.confirm and state.role != PRIMARY
    state = replace(state, streak=streak, role=PRIMARY if streak == rules.confirm else state.role)
    if view.held and view.heard and rules.shared:
        young = state.age is not None and state.age < rules.defend
        return (state, (ANNOUNCE,)) if young else _yield(state)
    if state.role != PRIMARY:
        return state, ()
    if not view.held:
        if state.yielded and state.quiet < rules.silence:
            return state, ()
        return replace(state, age=0, yielded=False), (CLAIM,)
    return _holding(state, view, rules, new)


def _holding(state: State, view: View, rules: Rules, new: bool) -> Decision:
    if not rules.shared:
        return state, ()
    if state.age is None:
        # Adopted: counted from here, and old enough to give way.
        return replace(state, age=rules.defend), (ANNOUNCE,)
    due = not view.early and (state.age <= rules.defend or state.age == rules.announce_every)
    if state.age == rules.announce_every:
        state = replace(state, age=rules.defend)
    return state, (ANNOUNCE,) if due or new else ()


def _yield(state: State) -> Decision:
    return replace(state, yielded=True, quiet=0, age=None), (RELEASE,)
