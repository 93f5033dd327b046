"""Spellings of code systems and languages: plain tables for every reader of foreign codes."""

from collections.abc import Mapping

# The names under which HL7 and vendors have published the same codes, without a scheme, `urn:` or
# `urn:oid:` before them and in small letters. CDCREC's identifiers are those of
# terminology.hl7.org/CodeSystem-CDCREC.html; HL7 v3 Race and Ethnicity are its copies.
CDCREC = (
    "2.16.840.1.113883.6.238",
    "cdcrec",
    "hl7.org/fhir/us/core/codesystem/cdcrec",
    "terminology.hl7.org/codesystem/cdcrec",
    "hl7.org/fhir/v3/race",
    "hl7.org/fhir/v3/ethnicity",
    "terminology.hl7.org/codesystem/v3-race",
    "terminology.hl7.org/codesystem/v3-ethnicity",
    "2.16.840.1.113883.5.104",
    "2.16.840.1.113883.5.50",
)
NULL_FLAVOR = (
    "terminology.hl7.org/codesystem/v3-nullflavor",
    "hl7.org/fhir/v3/nullflavor",
    "2.16.840.1.113883.5.1008",
)
DATA_ABSENT_REASON = (
    "terminology.hl7.org/codesystem/data-absent-reason",
    "hl7.org/fhir/data-absent-reason",
    "2.16.840.1.113883.4.642.1.1048",
)
LANGUAGES = (
    "ietf:bcp:47",
    "tools.ietf.org/html/bcp47",
    "terminology.hl7.org/codesystem/bcp47",
    "2.16.840.1.113883.6.121",
    "2.16.840.1.113883.6.99",
    "2.16.840.1.113883.6.100",
    "id.loc.gov/vocabulary/iso639-1",
    "id.loc.gov/vocabulary/iso639-2",
    "id.loc.gov/vocabulary/iso639-3",
    "www.loc.gov/standards/iso639-2",
    "iso639-3.sil.org",
    "terminology.hl7.org/codesystem/iso639-1",
    "terminology.hl7.org/codesystem/iso639-2",
    "terminology.hl7.org/codesystem/iso639-3",
    "hl7.org/fhir/valueset/languages",
    "hl7.org/fhir/valueset/all-languages",
    "www.iso.org/iso-639-language-code",
    "www.iso.org/iso-639-language-codes.html",
    "terminology.hl7.org/codesystem/languages",
    "hl7.org/fhir/sid/iso-639-1",
    "hl7.org/fhir/sid/iso-639-2",
    "hl7.org/fhir/sid/iso-639-3",
    "iso:std:iso:639",
    "iso:std:iso:639:-1",
    "iso:std:iso:639:-2",
    "iso:std:iso:639:-3",
)
TRIBAL_ENTITIES = (
    "terminology.hl7.org/codesystem/v3-tribalentityus",
    "hl7.org/fhir/v3/tribalentityus",
    "2.16.840.1.113883.5.140",
)
SNOMED_CT = (
    "snomed.info/sct",
    "2.16.840.1.113883.6.96",
)

# ISO 639-2 (both forms) to ISO 639-1: RFC 5646, section 2.2.1, demands the shortest code. The
# pairs are those of the Unicode CLDR's language aliases.
_CODE_PAIRS = """
    aar:aa abk:ab afr:af aka:ak alb:sq amh:am ara:ar arg:an arm:hy asm:as ava:av ave:ae aym:ay
    aze:az bak:ba bam:bm baq:eu bel:be ben:bn bis:bi bod:bo bos:bs bre:br bul:bg bur:my cat:ca
    ces:cs cha:ch che:ce chi:zh chu:cu chv:cv cor:kw cos:co cre:cr cym:cy cze:cs dan:da deu:de
    div:dv dut:nl dzo:dz ell:el eng:en epo:eo est:et eus:eu ewe:ee fao:fo fas:fa fij:fj fin:fi
    fra:fr fre:fr fry:fy ful:ff geo:ka ger:de gla:gd gle:ga glg:gl glv:gv gre:el grn:gn guj:gu
    hat:ht hau:ha heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ice:is ido:io iii:ii
    iku:iu ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka
    kau:kr kaz:kk khm:km kik:ki kin:rw kir:ky kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la
    lav:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg mac:mk mah:mh mal:ml mao:mi mar:mr may:ms
    mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne
    nld:nl nno:nn nob:nb nor:no nya:ny oci:oc oji:oj ori:or orm:om oss:os pan:pa per:fa pli:pi
    pol:pl por:pt pus:ps que:qu roh:rm ron:ro rum:ro run:rn rus:ru sag:sg san:sa scc:sr scr:hr
    sin:si slk:sk slo:sk slv:sl sme:se smo:sm sna:sn snd:sd som:so sot:st spa:es sqi:sq srd:sc
    srp:sr ssw:ss sun:su swa:sw swe:sv tah:ty tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tib:bo
    tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz ven:ve vie:vi
    vol:vo wel:cy wln:wa wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu
"""
SHORTEST_CODES: Mapping[str, str] = dict(pair.split(":") for pair in _CODE_PAIRS.split())
"""The shortest code of a language by each of its longer ones."""
