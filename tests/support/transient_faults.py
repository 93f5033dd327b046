"""Faults that pass: in whatever order they come, a submission arrives once."""

from tests.support.fault_proxy import (
    Fault,
    answer_with,
    cut_response,
    drop_request,
    forward_but_answer,
    lose_response,
    pass_through,
    send_twice,
    send_twice_answer_last,
)

STALE_OUTCOME = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict",'
    b'"details":{"text":"HTTP 412"}}]}'
)


TOO_LATE = "Sat, 01 Jan 2000 00:00:00 GMT"


TRANSIENT_FAULTS: dict[str, Fault] = {
    "passed": pass_through,
    "dropped": drop_request,
    "lost": lose_response,
    "cut short": cut_response,
    "sent twice": send_twice,
    "sent twice, second answer": send_twice_answer_last,
    "408": answer_with(408),
    "429 for seconds": answer_with(429, Retry_After="7"),
    "429 until a date": answer_with(429, Retry_After=TOO_LATE),
    "500": answer_with(500, b"<html>oops</html>"),
    "503": answer_with(503, Retry_After="60"),
    "504": answer_with(504),
    "done but 500": forward_but_answer(500),
    "done but 502": forward_but_answer(502),
    "409": answer_with(409),
    "412": answer_with(412),
    "412 as 400": answer_with(400, STALE_OUTCOME),
    "not FHIR": answer_with(200, b"<html>Please sign in to the guest network</html>"),
    "401": answer_with(401),
}
