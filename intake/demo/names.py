"""The names of the demo's people: invented combinations, so that none is a real person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Community:
    """People who share names, languages and the CDCREC codes that most of them would choose.

    `languages` are ids of our table, the most usual first. `share` is the percentage of all people.
    """

    share: int
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    race: tuple[str, ...] = ()
    ethnicity: tuple[str, ...] = ("2186-5",)
    languages: tuple[str, ...] = ("en",)


def _split_names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The shares sum to 100. Real names of a community, combined at random, give invented people.
COMMUNITIES = (
    Community(
        24,
        _split_names("Harriet June Phoebe Maren Iris Beth Corinne Tessa Ingrid Odette Willa Nora"),
        _split_names("Silas Graham Owen Walter Miles Abel Theo Colin Everett Jasper Lowell Hugh"),
        _split_names(
            "Ashdown Barrow Calloway Dunmore Fenwick Halvorsen "
            "Kettering Larkspur Merriweather Oakes Pellham Thorne"
        ),
        race=("2106-3",),
    ),
    Community(
        17,
        _split_names("Imani Denise Latoya Ruby Simone Keisha Naomi Yvette Zora Camille"),
        _split_names("Isaiah Marcus Terrence Elijah Quincy Jerome Darnell Solomon Andre Cedric"),
        _split_names(
            "Beckford Carver Dupree Freeman Hollis Langston Mayfield Rollins Sutter Whitlock"
        ),
        race=("2054-5", "2058-6"),
    ),
    Community(
        16,
        _split_names(
            "Guadalupe Marisol Ximena Rocío Yolanda Itzel Araceli Beatriz Consuelo Paloma"
        ),
        _split_names("Joaquín Esteban Ramiro Efraín Octavio Héctor Ignacio Rubén Tomás Andrés"),
        _split_names(
            "Arredondo Cisneros Escobedo Fuentes Galindo Huerta Montaño Olvera Quiroga Zamudio"
        ),
        ethnicity=("2135-2", "2148-5"),
        languages=("es", "es", "en"),
    ),
    Community(
        6,
        _split_names("Altagracia Milagros Yesenia Carmela Noelia Wanda"),
        _split_names("Rafael Junior Wilfredo Leandro Nelson Anselmo"),
        _split_names("Batista Colón Encarnación Maldonado Polanco Rosado"),
        race=("2054-5",),
        ethnicity=("2135-2", "2184-0"),
        languages=("es", "en"),
    ),
    Community(
        6,
        _split_names("Thuỳ Lan Hạnh Mai Ngọc Trinh"),
        _split_names("Bảo Đức Khánh Minh Phúc Tuấn"),
        _split_names("Nguyễn Trần Phạm Huỳnh Võ Đặng"),
        race=("2028-9", "2047-9"),
        languages=("vi", "vi", "en"),
    ),
    Community(
        6,
        _split_names("Meilin Xiuying Jing Hui Yanling Suyin"),
        _split_names("Weiming Guofeng Jian Haoran Zhiyong Bolin"),
        _split_names("Zhao Liang Xu Fang Deng Qiu"),
        race=("2028-9", "2034-7"),
        languages=("cmn", "yue", "en"),
    ),
    Community(
        5,
        _split_names("Lakshmi Meera Anjali Kavitha Padma Rukmini"),
        _split_names("Arjun Vikram Suresh Devan Harish Nikhil"),
        _split_names("Iyengar Deshmukh Bhatt Nambiar Chaudhary Sethi"),
        race=("2028-9", "2029-7"),
        languages=("en", "hi"),
    ),
    Community(
        5,
        _split_names("Rania Samira Layla Hanan Dalia Noor"),
        _split_names("Tariq Yousef Karim Bassam Faris Nabil"),
        _split_names("Haddad Khoury Mansour Qasim Sayegh Zeidan"),
        race=("2118-8", "2129-5"),
        languages=("ar", "ar", "en"),
    ),
    Community(
        4,
        _split_names("Hodan Ifrah Sagal Ubah Fadumo Ayaan"),
        _split_names("Abdirahman Liban Mahad Yusuf Guled Bile"),
        _split_names("Warsame Farah Abdi Jama Hersi Nur"),
        race=("2054-5", "2060-2"),
        languages=("so", "en"),
    ),
    Community(
        3,
        _split_names("Marie-Ange Fabiola Roselaure Guerda Mirlande Nadège"),
        _split_names("Jean-Robert Wisler Frantz Emmanuel Rénald Stanley"),
        _split_names("Desrosiers Joseph Pierre-Louis Toussaint Beauvoir Estimé"),
        race=("2054-5", "2071-9"),
        languages=("ht", "ht", "fr"),
    ),
    Community(
        2,
        _split_names("Oksana Halyna Svitlana Yaryna"),
        _split_names("Taras Bohdan Ostap Yuriy"),
        _split_names("Melnyk Kravets Hnatyuk Lysenko"),
        race=("2106-3",),
        languages=("uk", "ru"),
    ),
    Community(
        2,
        _split_names("Soo-jin Haneul Eun-ji Minseo"),
        _split_names("Jae-won Dong-hyun Seung Tae-yang"),
        _split_names("Baek Hwang Noh Seo"),
        race=("2028-9", "2040-4"),
        languages=("ko", "en"),
    ),
    Community(
        2,
        _split_names("Leilani Sina Noelani Fetu"),
        _split_names("Tavita Keoni Sione Makoa"),
        _split_names("Faleafa Kahale Tuilagi Alapai"),
        race=("2076-8", "2080-0"),
    ),
    Community(
        2,
        _split_names("Dezbah Shandiin Yanaha Nizhoni"),
        _split_names("Ashkii Hastiin Niyol Sicheii"),
        _split_names("Begaye Tsosie Yellowhair Benally"),
        race=("1002-5", "1382-1"),
        languages=("en", "nv"),
    ),
)

STREETS = _split_names(
    "Millrace Larkfield Copperline Saltmarsh Quarry Juniper "
    "Windrow Tannery Ferry Orchard Beacon Sycamore"
)
"""An address adds Street, Lane or Road."""
