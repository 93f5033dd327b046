"""The names that the demo's people are made of: invented combinations, so that nobody in it is anybody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Community:
    """People who share names, languages and the codes (CDCREC) by which most of them would describe themselves.

    `languages` are ids of our table, the most usual first; `share` is how many of a hundred people belong here.
    """

    share: int
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    race: tuple[str, ...] = ()
    ethnicity: tuple[str, ...] = ("2186-5",)
    languages: tuple[str, ...] = ("en",)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMMUNITIES = (
    Community(
        24,
        _names("Harriet June Phoebe Maren Iris Beth Corinne Tessa Ingrid Odette Willa Nora"),
        _names("Silas Graham Owen Walter Miles Abel Theo Colin Everett Jasper Lowell Hugh"),
        _names(
            "Ashdown Barrow Calloway Dunmore Fenwick Halvorsen Kettering Larkspur Merriweather Oakes Pellham Thorne"
        ),
        race=("2106-3",),
    ),
    Community(
        17,
        _names("Imani Denise Latoya Ruby Simone Keisha Naomi Yvette Zora Camille"),
        _names("Isaiah Marcus Terrence Elijah Quincy Jerome Darnell Solomon Andre Cedric"),
        _names("Beckford Carver Dupree Freeman Hollis Langston Mayfield Rollins Sutter Whitlock"),
        race=("2054-5", "2058-6"),
    ),
    Community(
        16,
        _names("Guadalupe Marisol Ximena Rocío Yolanda Itzel Araceli Beatriz Consuelo Paloma"),
        _names("Joaquín Esteban Ramiro Efraín Octavio Héctor Ignacio Rubén Tomás Andrés"),
        _names("Arredondo Cisneros Escobedo Fuentes Galindo Huerta Montaño Olvera Quiroga Zamudio"),
        ethnicity=("2135-2", "2148-5"),
        languages=("es", "es", "en"),
    ),
    Community(
        6,
        _names("Altagracia Milagros Yesenia Carmela Noelia Wanda"),
        _names("Rafael Junior Wilfredo Leandro Nelson Anselmo"),
        _names("Batista Colón Encarnación Maldonado Polanco Rosado"),
        race=("2054-5",),
        ethnicity=("2135-2", "2184-0"),
        languages=("es", "en"),
    ),
    Community(
        6,
        _names("Thuỳ Lan Hạnh Mai Ngọc Trinh"),
        _names("Bảo Đức Khánh Minh Phúc Tuấn"),
        _names("Nguyễn Trần Phạm Huỳnh Võ Đặng"),
        race=("2028-9", "2047-9"),
        languages=("vi", "vi", "en"),
    ),
    Community(
        6,
        _names("Meilin Xiuying Jing Hui Yanling Suyin"),
        _names("Weiming Guofeng Jian Haoran Zhiyong Bolin"),
        _names("Zhao Liang Xu Fang Deng Qiu"),
        race=("2028-9", "2034-7"),
        languages=("cmn", "yue", "en"),
    ),
    Community(
        5,
        _names("Lakshmi Meera Anjali Kavitha Padma Rukmini"),
        _names("Arjun Vikram Suresh Devan Harish Nikhil"),
        _names("Iyengar Deshmukh Bhatt Nambiar Chaudhary Sethi"),
        race=("2028-9", "2029-7"),
        languages=("en", "hi"),
    ),
    Community(
        5,
        _names("Rania Samira Layla Hanan Dalia Noor"),
        _names("Tariq Yousef Karim Bassam Faris Nabil"),
        _names("Haddad Khoury Mansour Qasim Sayegh Zeidan"),
        race=("2118-8", "2129-5"),
        languages=("ar", "ar", "en"),
    ),
    Community(
        4,
        _names("Hodan Ifrah Sagal Ubah Fadumo Ayaan"),
        _names("Abdirahman Liban Mahad Yusuf Guled Bile"),
        _names("Warsame Farah Abdi Jama Hersi Nur"),
        race=("2054-5", "2060-2"),
        languages=("so", "en"),
    ),
    Community(
        3,
        _names("Marie-Ange Fabiola Roselaure Guerda Mirlande Nadège"),
        _names("Jean-Robert Wisler Frantz Emmanuel Rénald Stanley"),
        _names("Desrosiers Joseph Pierre-Louis Toussaint Beauvoir Estimé"),
        race=("2054-5", "2071-9"),
        languages=("ht", "ht", "fr"),
    ),
    Community(
        2,
        _names("Oksana Halyna Svitlana Yaryna"),
        _names("Taras Bohdan Ostap Yuriy"),
        _names("Melnyk Kravets Hnatyuk Lysenko"),
        race=("2106-3",),
        languages=("uk", "ru"),
    ),
    Community(
        2,
        _names("Soo-jin Haneul Eun-ji Minseo"),
        _names("Jae-won Dong-hyun Seung Tae-yang"),
        _names("Baek Hwang Noh Seo"),
        race=("2028-9", "2040-4"),
        languages=("ko", "en"),
    ),
    Community(
        2,
        _names("Leilani Sina Noelani Fetu"),
        _names("Tavita Keoni Sione Makoa"),
        _names("Faleafa Kahale Tuilagi Alapai"),
        race=("2076-8", "2080-0"),
    ),
    Community(
        2,
        _names("Dezbah Shandiin Yanaha Nizhoni"),
        _names("Ashkii Hastiin Niyol Sicheii"),
        _names("Begaye Tsosie Yellowhair Benally"),
        race=("1002-5", "1382-1"),
        languages=("en", "nv"),
    ),
)

STREETS = _names(
    "Millrace Larkfield Copperline Saltmarsh Quarry Juniper Windrow Tannery Ferry Orchard Beacon Sycamore"
)
"""Each is followed by Street, Lane or Road in an address."""
