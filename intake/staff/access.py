"""Who sees what: one table of every page, and the one hook that lets nobody past it without sign-in and role."""

from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote

from flask import abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from intake.pages import language
from intake.pages.sessions import STAFF_PATH
from intake.pages.site import current_site
from intake.store import sign_ins, users
from intake.store.sign_ins import SignIn, SignInLimits
from intake.store.users import User

TOKEN_KEY = "sign_in"
"""The session's key of the token that names the sign-in."""

PUBLIC_PAGES = frozenset({"static", "sign_in", "once"})
"""What answers without sign-in."""

ANYONE = users.ROLES
DESK = frozenset({"desk"})
TABLETS = frozenset({"desk", "it"})
IT = frozenset({"it"})
SEES_STATES = frozenset({"it", "reviewer", "admin"})
REVIEWER = frozenset({"reviewer"})
UNDOES = frozenset({"reviewer", "admin"})
COUNTS = frozenset({"quality", "admin"})
ADMIN = frozenset({"admin"})

PAGE_ROLES: Mapping[str, frozenset[str]] = {
    "home": ANYONE,
    "sign_out": ANYONE,
    "password": ANYONE,
    # Names and gaps, never a patient's answers; and how to speak with whoever answered for them.
    "today": DESK,
    "make_code": DESK,
    "make_link": DESK,
    "let_in": DESK,
    "take_off": DESK,
    "correct_chart": DESK,
    "invitation": DESK,
    "invitation_qr": DESK,
    # Labels and when they were last seen.
    "tablets": TABLETS,
    "pair_tablet": TABLETS,
    "pairing": TABLETS,
    "revoke_tablet": TABLETS,
    # Ids, states and reasons, never a name or an answer.
    "monitor": SEES_STATES,
    "submission": SEES_STATES,
    "resume": IT,
    "retry": IT,
    "discard": IT,
    "undo": UNDOES,
    "stop_undo": UNDOES,
    # What chart and patient say differently, and only that.
    "review": REVIEWER,
    "conflict": REVIEWER,
    # Suppressed counts.
    "report": COUNTS,
    "report_csv": COUNTS,
    "report_json": COUNTS,
    # What was answered, where only a person can put it into the chart.
    "worklist": ADMIN,
    "typed": ADMIN,
    # Who may sign in, and who did what.
    "users": ADMIN,
    "add_user": ADMIN,
    "make_once": ADMIN,
    "made_once": ADMIN,
    "disable_user": ADMIN,
    "enable_user": ADMIN,
    "audit": ADMIN,
}
"""Every page of the staff and the roles of which one is needed; a page that is not here answers nobody."""

NAVIGATION = (
    ("today", "Today"),
    ("tablets", "Tablets"),
    ("review", "Review"),
    ("report", "Report"),
    ("worklist", "Worklist"),
    ("monitor", "Monitor"),
    ("users", "Users"),
    ("audit", "Audit"),
)

AUTO_REFRESH = "itself"
"""The value of `by` in the address of a page that refreshes by itself, which is no sign of anybody being there."""


def check_access() -> ResponseReturnValue | None:
    """Let the request through, ask for a sign-in, or refuse; the blueprint's one hook."""
    language.use_language("en")
    page = (request.endpoint or "").rpartition(".")[2]
    if page in PUBLIC_PAGES:
        return None
    signed_in = current_sign_in()
    if signed_in is None:
        return redirect(url_for("staff.sign_in", next=_wanted()), 303)
    if not signed_in.user.roles & PAGE_ROLES.get(page, frozenset()):
        abort(403)
    _note(signed_in)
    return None


def current_sign_in() -> SignIn | None:
    """Return who is signed in in the browser that asks."""
    if "signed_in" not in g:
        token = session.get(TOKEN_KEY)
        g.signed_in = _find(str(token)) if token else None
    return cast("SignIn | None", g.signed_in)


def require_sign_in() -> SignIn:
    """Return the sign-in of a request that the hook let through."""
    found = current_sign_in()
    if found is None:
        abort(403)
    return found


def current_user() -> User:
    """Return the user of a request that the hook let through."""
    return require_sign_in().user


def sign_in_limits() -> SignInLimits:
    """Return how long a sign-in lasts at this site."""
    times = current_site().settings.times
    return SignInLimits(times.staff_idle, times.staff_longest)


def visible_navigation() -> tuple[tuple[str, str], ...]:
    """Return the pages that the user may see, with their names, in order."""
    return tuple(each for each in NAVIGATION if may_open(each[0]))


def may_open(page: str) -> bool:
    """Return whether the user may open a page, or press its button."""
    found = current_sign_in()
    return found is not None and bool(found.user.roles & PAGE_ROLES[page])


def safe_target(target: str) -> str | None:
    """Return an address that a sign-in may lead on to, None for every one that is not a page of the staff."""
    # A browser takes a backslash for a slash and follows dots, and both could lead away from the staff's pages.
    path = unquote(target.partition("?")[0])
    ours = path.startswith(f"{STAFF_PATH}/") and "\\" not in path and "/." not in path
    return target if ours and target.isprintable() else None


def _wanted() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _find(token: str) -> SignIn | None:
    with current_site().database.read() as tx:
        return sign_ins.find_sign_in(tx, token, sign_in_limits())


def _note(found: SignIn) -> None:
    if request.args.get("by") == AUTO_REFRESH or not sign_ins.is_activity_due(
        found, current_site().clock()
    ):
        return
    with current_site().database.write() as tx:
        sign_ins.record_activity(tx, found)
