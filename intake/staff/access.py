"""The roles of every staff page, and the hook that checks sign-in and role."""

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
"""The endpoints that answer without sign-in."""

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
    # Names and gaps, and the informant's language; never a patient's answers.
    "today": DESK,
    "make_code": DESK,
    "make_link": DESK,
    "let_in": DESK,
    "take_off": DESK,
    "correct_chart": DESK,
    # The desk enters answers, and never reads them back.
    "enter_answers": DESK,
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
    # The same for all submissions of one cause.
    "group_retry": IT,
    "group_hold": IT,
    "group_discard": IT,
    "group_by_hand": ADMIN,
    # An administrator has a person type the answers, whatever holds them.
    "by_hand": ADMIN,
    # IT holds an open submission; a retry releases it.
    "hold": IT,
    # Names of patients whose chart may be the right one.
    "find_chart": REVIEWER,
    "choose_chart": REVIEWER,
    # The values over which chart and patient conflict, and no others.
    "review": REVIEWER,
    "conflict": REVIEWER,
    # Suppressed counts.
    "report": COUNTS,
    "report_csv": COUNTS,
    "report_json": COUNTS,
    # Answers that only a person can enter into the chart.
    "worklist": ADMIN,
    "typed": ADMIN,
    # Accounts, and the staff's actions.
    "users": ADMIN,
    "add_user": ADMIN,
    "make_once": ADMIN,
    "made_once": ADMIN,
    "disable_user": ADMIN,
    "enable_user": ADMIN,
    "audit": ADMIN,
}
"""The roles that open each page: one of them is enough. Other pages answer 403."""

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
"""The value of `by` in an automatic refresh, which is no sign of activity."""


def check_access() -> ResponseReturnValue | None:
    """Let the request through, redirect to the sign-in page, or refuse with 403."""
    language.use_language("en")
    page = (request.endpoint or "").rpartition(".")[2]
    if page in PUBLIC_PAGES:
        return None
    signed_in = current_sign_in()
    if signed_in is None:
        return redirect(url_for("staff.sign_in", next=_requested_path()), 303)
    # A page that is missing in the table is open to no role.
    if not signed_in.user.roles & PAGE_ROLES.get(page, frozenset()):
        abort(403)
    _record_activity(signed_in)
    return None


def current_sign_in() -> SignIn | None:
    """Return the valid sign-in of this browser, or None."""
    # The hook, the templates and the page all ask: one look-up per request is enough.
    if "signed_in" not in g:
        token = session.get(TOKEN_KEY)
        g.signed_in = _find_sign_in(str(token)) if token else None
    return cast("SignIn | None", g.signed_in)


def require_sign_in() -> SignIn:
    """Return the sign-in of a request that the hook let through."""
    signed_in = current_sign_in()
    # The hook lets no such request through: this only tells the type checker so.
    if signed_in is None:
        abort(403)
    return signed_in


def current_user() -> User:
    """Return the user of a request that the hook let through."""
    return require_sign_in().user


def sign_in_limits() -> SignInLimits:
    """Return how long a sign-in lasts at this site."""
    times = current_site().settings.times
    return SignInLimits(times.staff_idle, times.staff_longest)


def visible_navigation() -> tuple[tuple[str, str], ...]:
    """Return the pages that the user may open, with their names, in order."""
    return tuple((page, name) for page, name in NAVIGATION if may_open(page))


def may_open(page: str) -> bool:
    """Return whether the user may open a page, or press its button."""
    signed_in = current_sign_in()
    return signed_in is not None and bool(signed_in.user.roles & PAGE_ROLES[page])


def safe_target(target: str) -> str | None:
    """Return the target if it is a staff page to go to after sign-in, else None."""
    # A browser reads a backslash as a slash and follows dots: both could lead to another site.
    path = unquote(target.partition("?")[0])
    is_staff_page = path.startswith(f"{STAFF_PATH}/") and "\\" not in path and "/." not in path
    return target if is_staff_page and target.isprintable() else None


def _requested_path() -> str | None:
    # After sign-in the browser can only repeat a GET.
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _find_sign_in(token: str) -> SignIn | None:
    with current_site().database.read() as tx:
        return sign_ins.find_sign_in(tx, token, sign_in_limits())


def _record_activity(signed_in: SignIn) -> None:
    # A monitor that refreshes by itself must not keep an absent user signed in.
    if request.args.get("by") == AUTO_REFRESH:
        return
    if not sign_ins.is_activity_due(signed_in, current_site().clock()):
        return
    with current_site().database.write() as tx:
        sign_ins.record_activity(tx, signed_in)
