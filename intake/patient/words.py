"""The words for what cannot be taken, found or opened; translated where they are shown."""

from intake.pages.errors import N_
from intake.patient.finding import NotFound
from intake.patient.links import Ended
from intake.patient.reading import Fault

FAULTS = {
    Fault.BOTH: N_(
        "You gave an answer, and you also chose not to answer. Which one should we keep?"
    ),
    Fault.CONTRADICTION: N_("Two of your choices do not go together. Please choose one of them."),
    Fault.UNKNOWN_CHOICE: N_("Please choose from the answers on this page."),
    Fault.TOO_LONG: N_("That is too long for us to keep. Please write a little less."),
    Fault.CONTROL: N_("Please use only letters, numbers, and signs."),
    Fault.NO_WORDS: N_("Please write the name of the language, or choose another answer."),
    Fault.NOT_PICKED: N_("Please choose one from the list, or write it in your own words."),
    "missing": N_("Please choose who is answering."),
}

NOT_FOUND = {
    NotFound.CODE: N_(
        "We could not find this code. Please check it, or ask the front desk for a new one."
    ),
    NotFound.BIRTH_DATE: N_(
        "We could not find your visit. Please check the date, or ask the front desk."
    ),
    NotFound.NO_DATE: N_("Please give the day, the month, and the year."),
    NotFound.NO_SUCH_DATE: N_("This date is not in the calendar. Please check it."),
    NotFound.INITIALS: N_("Please also give the first letters of your first and last name."),
    NotFound.TOO_MANY_TRIES: N_(
        "That was many tries. Please ask the front desk. They will be glad to help."
    ),
    NotFound.ANSWERED: N_(
        "You have answered already. Thank you. To change an answer, please ask the front desk."
    ),
}

ENDED = {
    Ended.UNKNOWN: (
        N_("This link does not work"),
        N_(
            "Please check that you have the whole link. You can also answer at the clinic. Your visit goes on as planned."
        ),
    ),
    Ended.EXPIRED: (
        N_("This link has ended"),
        N_(
            "It was open for a few days only. You can answer at the clinic. Your visit goes on as planned."
        ),
    ),
    Ended.USED: (
        N_("You have answered already"),
        N_("Thank you. To change an answer, please ask the front desk."),
    ),
    Ended.TRIES: (
        N_("This link is closed"),
        N_(
            "The date of birth did not fit a few times, so we closed the link. You can answer at the clinic."
        ),
    ),
    Ended.ELSEWHERE: (
        N_("This link was opened on another device"),
        N_("Please go on there. You can also answer at the clinic. Your visit goes on as planned."),
    ),
}
