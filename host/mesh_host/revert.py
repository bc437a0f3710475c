"""The timer that brings the last confirmed release back.

Real, enabled unit files: a transient timer of systemd-run would be gone after a reboot, which is what follows a broken
network.
"""

from __future__ import annotations

from mesh_host.system import System

TIMER = "site-mesh-revert.timer"
SERVICE = "site-mesh-revert.service"
FOLDER = "/etc/systemd/system/"


def arm(system: System, release_hash: str, seconds: int) -> None:
    """From now on the host goes back by itself after `seconds`, counted anew after a reboot."""
    service = (
        "[Unit]\nDescription=site-mesh: bring the last confirmed release back\n\n"
        f"[Service]\nType=oneshot\nExecStart={system.tool} apply revert {release_hash}\n"
        # The host may be busy or half broken when the time is up; going back must not be tried only once.
        "Restart=on-failure\nRestartSec=10\n"
    )
    timer = (
        "[Unit]\nDescription=site-mesh: no confirmation in time\n\n"
        f"[Timer]\nOnActiveSec={seconds}s\nAccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n"
    )
    system.write(FOLDER + SERVICE, service.encode())
    system.write(FOLDER + TIMER, timer.encode())
    system.must(["systemctl", "daemon-reload"])
    # --no-reload: systemctl would have systemd read all of its files again, as just before.
    system.must(["systemctl", "enable", "--no-reload", TIMER])
    system.must(["systemctl", "restart", TIMER])


def disarm(system: System) -> None:
    """Idempotent. Leaves a running revert service alone: it may be the caller."""
    if system.exists(FOLDER + TIMER):
        system.must(["systemctl", "disable", "--no-reload", "--now", TIMER])
        # The timer's file last: while it is there a rerun starts again.
        system.remove(FOLDER + SERVICE)
        system.remove(FOLDER + TIMER)
        system.must(["systemctl", "daemon-reload"])


def forget(system: System) -> None:
    """Also what a run that was killed while it armed or disarmed the timer has left."""
    disarm(system)
    for path in (FOLDER + SERVICE, FOLDER + TIMER):
        system.remove(path)
        system.remove(system.part(path))
