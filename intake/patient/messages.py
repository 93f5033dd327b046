"""The informants' names, and the messages for forms, visits and links that do not work."""

from intake.answers import Informant
from intake.pages.answer_forms import FormFault
from intake.pages.errors import N_
from intake.patient.find_visit import VisitFault
from intake.patient.links import LinkFault

# The templates translate these messages, because the language is known per request only.
FORM_FAULT_MESSAGES = {
    FormFault.BOTH: N_(
        "You gave an answer, and you also chose not to answer. Which one should we keep?"
    ),
    FormFault.CONTRADICTION: N_(
        "Two of your choices do not go together. Please choose one of them."
    ),
    FormFault.UNKNOWN_CHOICE: N_("Please choose from the answers on this page."),
    FormFault.TOO_LONG: N_("That is too long for us to keep. Please write a little less."),
    FormFault.CONTROL: N_("One of the characters cannot be saved. Please type it another way."),
    FormFault.NO_WORDS: N_("Please write the name of the language, or choose another answer."),
    FormFault.NOT_PICKED: N_("Please choose one from the list, or write it yourself."),
    FormFault.NO_INFORMANT: N_("Please choose who is answering."),
}

# Each message asks for a correction or leads to the front desk; none blames the patient.
VISIT_FAULT_MESSAGES = {
    VisitFault.CODE: N_(
        "We could not find this code. Please check it, or ask the front desk for a new one."
    ),
    VisitFault.BIRTH_DATE: N_(
        "We could not find your visit. Please check the date, or ask the front desk."
    ),
    VisitFault.NO_DATE: N_("Please give the day, the month, and the year."),
    VisitFault.NO_SUCH_DATE: N_("That date does not exist. Please check it."),
    VisitFault.INITIALS: N_(
        "Please also give the first letters of the patient’s first and last name."
    ),
    VisitFault.TOO_MANY_TRIES: N_(
        "That was many tries. Please ask the front desk. They will be glad to help."
    ),
    VisitFault.ANSWERED: N_(
        "You have answered already. Thank you. To change an answer, please ask the front desk."
    ),
}

LINK_VISIT_FAULT_MESSAGES = VISIT_FAULT_MESSAGES | {
    # There is no front desk at home.
    VisitFault.BIRTH_DATE: N_("The date of birth did not match. Please check it."),
}

INFORMANT_LABELS = {
    Informant.SELF: N_("Me, the patient"),
    Informant.SELF_WITH_HELP: N_("Me, the patient, with someone’s help"),
    Informant.GUARDIAN: N_("A parent or guardian of the patient"),
    Informant.CAREGIVER: N_("Someone else who cares for the patient"),
}

LINK_FAULT_MESSAGES = {
    LinkFault.UNKNOWN: (
        N_("This link does not work"),
        N_(
            "Please check that you have the whole link. You can also answer at the clinic. "
            "Your visit goes on as planned."
        ),
    ),
    LinkFault.EXPIRED: (
        N_("This link has expired"),
        N_(
            "It was open for a few days only. You can answer at the clinic. "
            "Your visit goes on as planned."
        ),
    ),
    LinkFault.USED: (
        N_("You have answered already"),
        N_("Thank you. To change an answer, please tell us at your visit."),
    ),
    LinkFault.TRIES: (
        N_("This link is closed"),
        N_(
            "The date of birth did not match. We closed this link to protect your privacy. "
            "You can answer at the clinic."
        ),
    ),
    LinkFault.ELSEWHERE: (
        N_("This link was opened on another device"),
        N_("Please go on there. You can also answer at the clinic. Your visit goes on as planned."),
    ),
}
