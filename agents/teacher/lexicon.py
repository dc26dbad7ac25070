"""Values people would name: places that fit together, names, dates, amounts.

A `Scene` draws them for one message. It keeps what belongs together together: a city and its country, a
start date before its end date, a lower price below the higher one. Names come from Faker with a fixed
locale and seed, drawn once into pools, so that the same seed gives the same text everywhere.
"""

import math
import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from agents.teacher import patterns
from agents.teacher.card import Card, Slot, slot_of
from agents.teacher.words import split_name


class Place(NamedTuple):
    city: str
    region: str
    """US state or foreign region."""
    code: str
    """State or country code as it stands after the city."""
    country: str
    country_code: str
    currency: str
    timezone: str
    airport: str
    latitude: float
    longitude: float
    language: str


_PLACES = """
Austin|Texas|TX|United States|US|USD|America/Chicago|AUS|30.2672|-97.7431|English
Boston|Massachusetts|MA|United States|US|USD|America/New_York|BOS|42.3601|-71.0589|English
Chicago|Illinois|IL|United States|US|USD|America/Chicago|ORD|41.8781|-87.6298|English
Denver|Colorado|CO|United States|US|USD|America/Denver|DEN|39.7392|-104.9903|English
Seattle|Washington|WA|United States|US|USD|America/Los_Angeles|SEA|47.6062|-122.3321|English
Portland|Oregon|OR|United States|US|USD|America/Los_Angeles|PDX|45.5152|-122.6784|English
San Diego|California|CA|United States|US|USD|America/Los_Angeles|SAN|32.7157|-117.1611|English
San Francisco|California|CA|United States|US|USD|America/Los_Angeles|SFO|37.7749|-122.4194|English
Miami|Florida|FL|United States|US|USD|America/New_York|MIA|25.7617|-80.1918|English
Atlanta|Georgia|GA|United States|US|USD|America/New_York|ATL|33.749|-84.388|English
Nashville|Tennessee|TN|United States|US|USD|America/Chicago|BNA|36.1627|-86.7816|English
New Orleans|Louisiana|LA|United States|US|USD|America/Chicago|MSY|29.9511|-90.0715|English
Minneapolis|Minnesota|MN|United States|US|USD|America/Chicago|MSP|44.9778|-93.265|English
Philadelphia|Pennsylvania|PA|United States|US|USD|America/New_York|PHL|39.9526|-75.1652|English
Phoenix|Arizona|AZ|United States|US|USD|America/Phoenix|PHX|33.4484|-112.074|English
London|England|UK|United Kingdom|GB|GBP|Europe/London|LHR|51.5074|-0.1278|English
Manchester|England|UK|United Kingdom|GB|GBP|Europe/London|MAN|53.4808|-2.2426|English
Edinburgh|Scotland|UK|United Kingdom|GB|GBP|Europe/London|EDI|55.9533|-3.1883|English
Dublin|Leinster|Ireland|Ireland|IE|EUR|Europe/Dublin|DUB|53.3498|-6.2603|English
Paris|Ile-de-France|France|France|FR|EUR|Europe/Paris|CDG|48.8566|2.3522|French
Lyon|Auvergne|France|France|FR|EUR|Europe/Paris|LYS|45.764|4.8357|French
Berlin|Berlin|Germany|Germany|DE|EUR|Europe/Berlin|BER|52.52|13.405|German
Munich|Bavaria|Germany|Germany|DE|EUR|Europe/Berlin|MUC|48.1351|11.582|German
Hamburg|Hamburg|Germany|Germany|DE|EUR|Europe/Berlin|HAM|53.5511|9.9937|German
Vienna|Vienna|Austria|Austria|AT|EUR|Europe/Vienna|VIE|48.2082|16.3738|German
Zurich|Zurich|Switzerland|Switzerland|CH|CHF|Europe/Zurich|ZRH|47.3769|8.5417|German
Madrid|Madrid|Spain|Spain|ES|EUR|Europe/Madrid|MAD|40.4168|-3.7038|Spanish
Barcelona|Catalonia|Spain|Spain|ES|EUR|Europe/Madrid|BCN|41.3874|2.1686|Spanish
Lisbon|Lisbon|Portugal|Portugal|PT|EUR|Europe/Lisbon|LIS|38.7223|-9.1393|Portuguese
Rome|Lazio|Italy|Italy|IT|EUR|Europe/Rome|FCO|41.9028|12.4964|Italian
Milan|Lombardy|Italy|Italy|IT|EUR|Europe/Rome|MXP|45.4642|9.19|Italian
Amsterdam|North Holland|Netherlands|Netherlands|NL|EUR|Europe/Amsterdam|AMS|52.3676|4.9041|Dutch
Copenhagen|Capital Region|Denmark|Denmark|DK|DKK|Europe/Copenhagen|CPH|55.6761|12.5683|Danish
Stockholm|Stockholm|Sweden|Sweden|SE|SEK|Europe/Stockholm|ARN|59.3293|18.0686|Swedish
Oslo|Oslo|Norway|Norway|NO|NOK|Europe/Oslo|OSL|59.9139|10.7522|Norwegian
Warsaw|Masovia|Poland|Poland|PL|PLN|Europe/Warsaw|WAW|52.2297|21.0122|Polish
Athens|Attica|Greece|Greece|GR|EUR|Europe/Athens|ATH|37.9838|23.7275|Greek
Istanbul|Marmara|Turkey|Turkey|TR|TRY|Europe/Istanbul|IST|41.0082|28.9784|Turkish
Tokyo|Kanto|Japan|Japan|JP|JPY|Asia/Tokyo|HND|35.6762|139.6503|Japanese
Osaka|Kansai|Japan|Japan|JP|JPY|Asia/Tokyo|KIX|34.6937|135.5023|Japanese
Seoul|Seoul|South Korea|South Korea|KR|KRW|Asia/Seoul|ICN|37.5665|126.978|Korean
Singapore|Central Region|Singapore|Singapore|SG|SGD|Asia/Singapore|SIN|1.3521|103.8198|English
Mumbai|Maharashtra|India|India|IN|INR|Asia/Kolkata|BOM|19.076|72.8777|Hindi
Delhi|Delhi|India|India|IN|INR|Asia/Kolkata|DEL|28.6139|77.209|Hindi
Sydney|New South Wales|Australia|Australia|AU|AUD|Australia/Sydney|SYD|-33.8688|151.2093|English
Melbourne|Victoria|Australia|Australia|AU|AUD|Australia/Melbourne|MEL|-37.8136|144.9631|English
Auckland|Auckland|New Zealand|New Zealand|NZ|NZD|Pacific/Auckland|AKL|-36.8509|174.7645|English
Toronto|Ontario|Canada|Canada|CA|CAD|America/Toronto|YYZ|43.6532|-79.3832|English
Vancouver|British Columbia|Canada|Canada|CA|CAD|America/Vancouver|YVR|49.2827|-123.1207|English
Montreal|Quebec|Canada|Canada|CA|CAD|America/Toronto|YUL|45.5019|-73.5674|French
Mexico City|Mexico City|Mexico|Mexico|MX|MXN|America/Mexico_City|MEX|19.4326|-99.1332|Spanish
Buenos Aires|Pampas|Argentina|Argentina|AR|ARS|America/Argentina/Buenos_Aires|EZE|-34.6037|-58.3816|Spanish
Cape Town|Western Cape|South Africa|South Africa|ZA|ZAR|Africa/Johannesburg|CPT|-33.9249|18.4241|English
Nairobi|Nairobi|Kenya|Kenya|KE|KES|Africa/Nairobi|NBO|-1.2921|36.8219|Swahili
Cairo|Cairo|Egypt|Egypt|EG|EGP|Africa/Cairo|CAI|30.0444|31.2357|Arabic
Dubai|Dubai|United Arab Emirates|United Arab Emirates|AE|AED|Asia/Dubai|DXB|25.2048|55.2708|Arabic
"""
PLACES = tuple(
    Place(*(float(part) if i in (8, 9) else part for i, part in enumerate(line.split("|"))))  # type: ignore[arg-type]
    for line in _PLACES.strip().splitlines()
)
US_PLACES = tuple(place for place in PLACES if place.country_code == "US")
LANGUAGE_CODES = {
    "English": "en", "French": "fr", "German": "de", "Spanish": "es", "Portuguese": "pt", "Italian": "it",
    "Dutch": "nl", "Danish": "da", "Swedish": "sv", "Norwegian": "no", "Polish": "pl", "Greek": "el",
    "Turkish": "tr", "Japanese": "ja", "Korean": "ko", "Hindi": "hi", "Swahili": "sw", "Arabic": "ar",
}  # fmt: skip

_WORDS = """
airline: Lufthansa; Delta; United; KLM; Emirates; Air Canada; Qantas; Iberia; Ryanair; JetBlue
planet: Mars; Venus; Jupiter; Saturn; Mercury; Neptune; Uranus; Earth
element: Iron; Copper; Gold; Silver; Carbon; Oxygen; Helium; Neon; Sodium; Zinc; Lead; Titanium; Aluminum
compound: water; ethanol; methane; glucose; ammonia; acetone; benzene; carbon dioxide; sodium chloride; propane
particle: electron; proton; neutron; muon; photon
color: red; blue; green; teal; orange; purple; navy; crimson; yellow; black; white; turquoise; magenta
animal: dog; cat; elephant; red fox; otter; snow leopard; horse; rabbit; dolphin; owl; wolf; giraffe
species: gray wolf; Bengal tiger; bald eagle; monarch butterfly; blue whale; African elephant; red panda; giant panda; sea otter; brown bear
plant: tomato; lavender; oak; maple; basil; rose; sunflower; wheat; fern; orchid; apple tree
disease: asthma; type 2 diabetes; hypertension; migraine; influenza; pneumonia; arthritis; anemia; bronchitis
symptom: headache; fever; sore throat; fatigue; dry cough; dizziness; nausea; back pain; joint pain
medicine: ibuprofen; amoxicillin; metformin; lisinopril; aspirin; cetirizine; omeprazole; paracetamol
specialty: cardiology; dermatology; pediatrics; neurology; orthopedics; ophthalmology; psychiatry
gene: BRCA1; TP53; CFTR; APOE; EGFR; MYH7; HBB
dna: ATGCCGTA; GATTACA; CCGTATGGA; TTAGGCAT; ACGTTGCA; GGCATTCG
cell: neuron; red blood cell; muscle cell; plant cell; white blood cell; stem cell
body_part: shoulder; knee; lower back; chest; left ankle; wrist; hamstring
sport: tennis; basketball; soccer; swimming; cycling; baseball; hockey; volleyball; badminton; golf
player: LeBron James; Lionel Messi; Serena Williams; Roger Federer; Stephen Curry; Megan Rapinoe; Tom Brady; Simone Biles; Novak Djokovic; Shohei Ohtani; Kylian Mbappe
league: Premier League; NBA; La Liga; Bundesliga; NFL; Serie A; Champions League; MLB; Wimbledon; WNBA
team: Manchester United; Los Angeles Lakers; Golden State Warriors; Real Madrid; Boston Celtics; Chicago Bulls; Bayern Munich; Liverpool; Green Bay Packers; Toronto Raptors; New York Yankees; Arsenal; Juventus
video_game: The Legend of Zelda; Minecraft; Stardew Valley; Elden Ring; Mario Kart; Overwatch; Fortnite; Portal 2; Hades; Tetris; Celeste
platform: PlayStation 5; Xbox Series X; PC; Nintendo Switch; Android; iOS; Windows; Linux
card_suit: hearts; spades; diamonds; clubs
card_rank: Ace; King; Queen; Jack; 10; 7
instrument: piano; violin; acoustic guitar; flute; cello; drums; trumpet; clarinet; saxophone
artist: Taylor Swift; Coldplay; Adele; Radiohead; Beyonce; Norah Jones; Miles Davis; The Beatles; Daft Punk; Billie Eilish; Kendrick Lamar; Nina Simone
song: Bohemian Rhapsody; Yesterday; Clocks; Hey Jude; Imagine; Hotel California; Someone Like You; Take Five; Viva La Vida
album: Abbey Road; Kind of Blue; Thriller; Rumours; Parachutes; OK Computer; Nevermind; Back to Black
music_genre: jazz; classical; hip hop; rock; pop; electronic; blues; folk; reggae; country
playlist: Morning Run; Sunday Jazz; Road Trip; Focus Time; Dinner Party; Summer Hits
genre: science fiction; mystery; comedy; drama; thriller; fantasy; romance; adventure; documentary; horror
movie: Inception; The Matrix; Spirited Away; Casablanca; The Godfather; Interstellar; Parasite; Amelie; Jurassic Park; Arrival; Toy Story
actor: Tom Hanks; Meryl Streep; Denzel Washington; Emma Stone; Cate Blanchett; Leonardo DiCaprio; Viola Davis; Keanu Reeves
author: Jane Austen; George Orwell; Agatha Christie; Haruki Murakami; Toni Morrison; Charles Dickens; Virginia Woolf; Ernest Hemingway
book: Pride and Prejudice; The Great Gatsby; Dune; Moby Dick; Beloved; Brave New World; The Hobbit; Jane Eyre; To Kill a Mockingbird
painting: Starry Night; Mona Lisa; The Scream; Guernica; Water Lilies; The Night Watch; Girl with a Pearl Earring
painter: Vincent van Gogh; Claude Monet; Frida Kahlo; Pablo Picasso; Rembrandt; Georgia O'Keeffe; Edvard Munch; Auguste Rodin
museum: Louvre Museum; British Museum; Museum of Modern Art; Prado Museum; Uffizi Gallery; Rijksmuseum; National Gallery; Getty Center
monument: Eiffel Tower; Statue of Liberty; Colosseum; Big Ben; Taj Mahal; Golden Gate Bridge; Empire State Building; Brandenburg Gate
religion: Buddhism; Christianity; Islam; Hinduism; Judaism; Sikhism; Taoism
historical_event: French Revolution; Battle of Waterloo; Moon Landing; Fall of the Berlin Wall; American Civil War; Treaty of Versailles; Battle of Hastings; Industrial Revolution; Boston Tea Party
period: Renaissance; Baroque; Bronze Age; Middle Ages; Victorian era; Roman Empire; Ming dynasty; 18th century
leader: Abraham Lincoln; Winston Churchill; Cleopatra; Napoleon Bonaparte; Nelson Mandela; George Washington; Queen Victoria; Julius Caesar
scientist: Marie Curie; Isaac Newton; Albert Einstein; Ada Lovelace; Charles Darwin; Nikola Tesla; Galileo Galilei; Rosalind Franklin
court: Supreme Court; New York District Court; California Superior Court; Ninth Circuit; Texas Court of Appeals; Federal Court
law_case: Apple vs Samsung; Miranda v Arizona; Roe v Wade; Marbury v Madison; Oracle vs Google; Brown v Board of Education
law_area: contract law; civil law; property law; family law; criminal law; patent law; labor law; tax law
crime: theft; fraud; burglary; tax evasion; vandalism; shoplifting; speeding
bank: Chase; Wells Fargo; Barclays; HSBC; Citibank; Deutsche Bank; Santander
lawyer: Sarah Whitman; David Okafor; Laura Chen; Peter Novak
cuisine: Italian; Thai; Mexican; Japanese; Indian; Greek; French; Vietnamese; Lebanese; Korean
diet: vegetarian; vegan; gluten-free; keto; dairy-free; low-carb; pescatarian
meal: breakfast; lunch; dinner; brunch
dish: lasagna; chicken curry; pad thai; mushroom risotto; Caesar salad; beef tacos; pancakes; apple pie; ramen; lentil soup; margherita pizza; banana bread
ingredient: garlic; chicken; rice; tomatoes; spinach; olive oil; mushrooms; basil; potatoes; cheese; lemon; salmon
restaurant: Blue Lagoon; Trattoria Roma; The Green Fork; Golden Wok; Casa Lucia; Bistro Verde; Sakura House; Harbor Grill
hotel: Hilton; Marriott; Grand Plaza; Ritz; Seaside Inn; Park Hyatt; Hotel Aurora; Four Seasons
room: living room; bedroom; kitchen; home office; hallway; bathroom
room_type: double; single; suite; deluxe; twin; king
cabin: economy; business; premium economy; first
car: Toyota Camry; Honda Civic; Ford Mustang; Tesla Model 3; Volkswagen Golf; BMW X5; Subaru Outback; Mazda CX-5
fuel: gasoline; diesel; electric; hybrid
company: Microsoft; Tesla; Apple; Amazon; Netflix; Siemens; Toyota; Nestle; Adidas; Spotify; IKEA; Pfizer; Nvidia; Unilever
brand: Nike; Samsung; Sony; Yamaha; Bosch; Adidas; Fender; Canon; Lego; Dyson
store: Walmart; Target; Trader Joe's; Whole Foods; Costco; IKEA; Best Buy; Walgreens
product: wireless headphones; laptop; coffee maker; running shoes; desk lamp; yoga mat; electric kettle; office chair; backpack; water bottle; phone charger; blender
product_model: iPhone 15; Galaxy S24; ThinkPad X1; Pixel 8; Surface Pro 9; MacBook Air
job: software engineer; nurse; data analyst; teacher; accountant; project manager; electrician; graphic designer; chef
skill: Python; project management; public speaking; Spanish; data analysis; carpentry; Excel
industry: healthcare; software; retail; renewable energy; finance; education; construction; tourism
school: Stanford University; University of Oxford; MIT; University of Toronto; Harvard University; ETH Zurich; Yale University
subject: biology; algebra; world history; chemistry; economics; physics; art history; computer science; psychology
degree: bachelor; master; doctorate; MBA
topic: climate change; photography; home gardening; space exploration; healthy eating; electric cars; remote work; travel; personal finance; machine learning; sustainability; woodworking
region: Europe; Asia; South America; North America; Africa; Oceania; Scandinavia; Middle East
county: Cook County; Kings County; Orange County; Travis County; Essex County; Marin County
trail: Yellowstone; Yosemite; Central Park; Lake Tahoe; Mount Rainier; Amazon Rainforest; Great Smoky Mountains; Everglades
equation: x^2 - 5*x + 6 = 0; 2*x + 3 = 11; x^2 + 4*x - 12 = 0; 3*x - 7 = 14; x^2 - 9 = 0
function: x^2 + 3*x; sin(x); 2*x^3 - 4*x; exp(x); x**2; 3*x + 2; cos(x) + x; x^3 - 2*x^2
math_variable: x; y; t
sql: SELECT name, total FROM orders WHERE total > 100; SELECT * FROM customers LIMIT 10; SELECT COUNT(*) FROM users
table: customers; orders; employees; invoices; products; shipments
database: sales_db; inventory; customer_records; analytics; hr_data; library_db
column: name; price; created_at; department; quantity; email
code: print("hello"); for i in range(10): print(i); def add(a, b): return a + b
command: ls -la; git status; df -h; uptime; cat notes.txt
branch: main; develop; feature/login; release-2.4; hotfix/cart
repository: web-frontend; data-pipeline; acme/inventory; mobile-app; docs-site
project: Apollo; Website Redesign; Inventory Tracker; Billing Service; Orchard; Customer Portal; Data Lake; Payroll
status: active; pending; completed; open; closed; cancelled
priority: high; medium; low
difficulty: beginner; intermediate; advanced; easy; hard
sort_order: ascending; descending
sort_by: price; date; rating; name; relevance
format: JSON; CSV; PDF; XML; text
size: small; medium; large
method: standard; linear; express; simple
mode: driving; walking; bicycling; transit
unit_temperature: Celsius; Fahrenheit
kitchen_unit: cups; grams; tablespoons; ounces; milliliters; teaspoons
unit: meters; kilometers; miles; kilograms; feet; inches
duration: one week; 3 months; 30 minutes; 2 hours; one year; 6 weeks
material: wood; marble; bronze; steel; cotton; leather; oak; ceramic
style: modern; rustic; minimalist; Gothic; abstract; industrial; Victorian
shape: circle; square; triangle; hexagon
greeting: Good morning; Hello; Welcome back; Hi there
relationship: friend; colleague; wife; husband; sister; business partner
gender: male; female
blood: A+; O-; B+; AB+; O+
zodiac: Aries; Taurus; Gemini; Leo; Virgo; Libra; Scorpio; Pisces; Aquarius
weekday: Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday
month_name: January; February; March; April; May; June; July; August; September; October; November; December
season: spring; summer; autumn; winter
sport_season: 2021-2022; 2022-2023; 2023-2024; 2024-2025
crypto: bitcoin; ethereum; litecoin; dogecoin; solana; cardano
stock: AAPL; MSFT; TSLA; AMZN; GOOG; NVDA; NFLX; META; DIS; INTC
exchange: NYSE; NASDAQ; LSE; TSX
language: English; French; German; Spanish; Italian; Portuguese; Japanese; Korean; Dutch; Arabic; Polish
prog_language: Python; JavaScript; Java; Rust; Go; TypeScript; C++
version: 2.4.1; 1.0.3; 3.11.0; 5.2; 0.9.7
subject_line: Weekly team update; Budget review for spring; Notes from the site visit; Plan for the summer fair; Customer survey results; Moving to the new office
message: The delivery arrived on time and everything works well; Please bring the signed contract to the meeting; The new schedule starts on Monday; We are out of printer paper again; Lunch is moved to half past twelve; The garden tour was wonderful and the guide knew everything; I was disappointed by the slow service
review: Great value and friendly staff; The battery died after two weeks; Comfortable, quiet and close to the station; Not worth the price
question: How do I reset my router; What is the best time to plant tulips; Why is my bread not rising; How can I learn the guitar faster; What causes the northern lights
answer: yes, that works for me; I would rather wait until spring; the second option; no, thank you
query: best hiking boots; cheap flights in spring; gluten-free bread recipe; used electric bikes; tax rules for freelancers; history of jazz; indoor plants for low light; noise cancelling headphones
description: The screen flickers after the last update; Replacement for the broken lamp in the hallway; A short overview for new staff; Login fails with a blank page; Kitchen tap drips day and night; Monthly report for the sales team
goal_text: weight loss; muscle gain; better sleep; saving for a house; outdoor activities; quiet places
name: Aurora; Northwind; Evergreen; Sunrise; Bluebird; Silver Lake; Maple; Horizon; Red Oak; Falcon
code: userId; statusCode; retryCount; orderTotal; sessionToken; lastLogin; itemList; errorMessage; pageSize; createdAt; parseDate; loadUser; renderView; onSubmit; config.json; index.ts; utils.js; main.css; cartItems; maxDepth; isReady; basePath; eventQueue; rowIndex
text: garden party; spring cleaning; blue notebook; quarterly figures; morning walk; summer festival; old photographs; river cottage
"""  # noqa: E501 - a table reads better with one row a kind
WORDS: dict[str, tuple[str, ...]] = {
    kind.strip(): tuple(word.strip() for word in words.split(";"))
    for kind, words in (line.split(":", 1) for line in _WORDS.strip().splitlines())
}

_BUNDLES = """
sport: basketball | league: NBA; WNBA | team: Los Angeles Lakers; Golden State Warriors; Boston Celtics; Chicago Bulls | player: LeBron James; Stephen Curry; Kevin Durant; Giannis Antetokounmpo
sport: soccer | league: Premier League; La Liga; Champions League; Serie A | team: Manchester United; Real Madrid; Liverpool; Arsenal; Bayern Munich; Juventus | player: Lionel Messi; Kylian Mbappe; Megan Rapinoe; Mohamed Salah
sport: football | league: NFL | team: Green Bay Packers; Dallas Cowboys; New England Patriots | player: Tom Brady; Patrick Mahomes; Aaron Rodgers
sport: tennis | league: Wimbledon; US Open; French Open | player: Roger Federer; Serena Williams; Novak Djokovic; Iga Swiatek
sport: baseball | league: MLB | team: New York Yankees; Boston Red Sox; Chicago Cubs | player: Shohei Ohtani; Aaron Judge; Mike Trout
artist: Coldplay | song: Clocks; Yellow; Viva La Vida | album: Parachutes; X&Y
artist: The Beatles | song: Yesterday; Hey Jude; Let It Be | album: Abbey Road; Revolver
artist: Adele | song: Hello; Someone Like You | album: 21; 25
artist: Miles Davis | song: So What; Blue in Green | album: Kind of Blue
artist: Taylor Swift | song: Cardigan; Blank Space; Love Story | album: Folklore; Fearless
artist: Radiohead | song: Creep; Karma Police | album: OK Computer; Kid A
artist: Norah Jones | song: Sunrise; Come Away with Me | album: Come Away with Me
artist: Daft Punk | song: Get Lucky; One More Time | album: Discovery
book: Pride and Prejudice | author: Jane Austen | genre: romance
book: Dune | author: Frank Herbert | genre: science fiction
book: Beloved | author: Toni Morrison | genre: historical fiction
book: The Hobbit | author: J. R. R. Tolkien | genre: fantasy
book: Brave New World | author: Aldous Huxley | genre: science fiction
movie: Inception | actor: Leonardo DiCaprio | genre: thriller
movie: The Matrix | actor: Keanu Reeves | genre: science fiction
movie: La La Land | actor: Emma Stone | genre: drama
movie: Forrest Gump | actor: Tom Hanks | genre: drama
movie: Toy Story | actor: Tom Hanks | genre: comedy
painting: Starry Night | painter: Vincent van Gogh | museum: Museum of Modern Art
painting: Mona Lisa | painter: Leonardo da Vinci | museum: Louvre Museum
painting: The Night Watch | painter: Rembrandt | museum: Rijksmuseum
painting: Guernica | painter: Pablo Picasso | museum: Reina Sofia Museum
painting: Water Lilies | painter: Claude Monet | museum: Musee d'Orsay
company: Apple | stock: AAPL | product_model: iPhone 15; MacBook Air
company: Microsoft | stock: MSFT | product_model: Surface Pro 9
company: Tesla | stock: TSLA | product_model: Model 3
company: Amazon | stock: AMZN | product_model: Kindle Scribe
company: Netflix | stock: NFLX
company: Nvidia | stock: NVDA
"""  # noqa: E501 - a table reads better with one row a bundle
BUNDLES: tuple[dict[str, tuple[str, ...]], ...] = tuple(
    {
        kind.strip(): tuple(word.strip() for word in words.split(";"))
        for kind, words in (part.split(":", 1) for part in line.split("|"))
    }
    for line in _BUNDLES.strip().splitlines()
)
"""Names that belong together, by kind: a song, its artist, its album."""


@dataclass(frozen=True, slots=True)
class Pools:
    people: tuple[tuple[str, str], ...]
    streets: tuple[str, ...]
    companies: tuple[str, ...]


@lru_cache(maxsize=1)
def pools() -> Pools:
    """Names, streets and companies, drawn once from Faker with a fixed seed."""
    from faker import Faker  # takes a second to import, and is not always needed

    fake = Faker("en_US", use_weighting=False)
    fake.seed_instance(20240229)
    people = tuple((fake.first_name(), fake.last_name()) for _ in range(400))
    streets = tuple(fake.street_address().split("Suite")[0].split("Apt")[0].strip() for _ in range(200))
    companies = tuple(
        name
        for name in (fake.company() for _ in range(200))
        if re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", name)
    )
    return Pools(people, streets, companies)


_QUOTED = re.compile(r"[\"'`‘“]([^\"'`’”\n]{1,40})[\"'`’”]")
_EXAMPLES = re.compile(
    r"(?:such as|e\.g\.,?|for example,?|for instance,?|examples?(?: include)?:?|like)\s*:?\s*", re.IGNORECASE
)
_OPTIONS = re.compile(
    r"(?:\bone of|\boptions?\b(?: are| include)?|can be(?: either)?|\beither|valid (?:values|options|"
    r"statuses|types)(?: are| include)?|"
    r"possible (?:values|options)(?: are| include)?|choices(?: are)?|allowed (?:values)?(?: are)?|"
    r"supported (?:\w+ )?(?:are|include)|"
    r"(?:values|options) (?:are|include)|must be|should be(?: one of)?|\baccepts?)\s*:?\s*",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"(?:between|from|ranging from|range(?:s)?(?: of| from|:)?|in the range(?: of)?|on a scale (?:of|"
    r"from)|\()\s*\(?(-?\d+(?:\.\d+)?)\s*"
    r"(?:-|–|to|and)\s*(-?\d+(?:\.\d+)?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hints:
    options: tuple[str, ...]
    """A closed list that the description states."""
    examples: tuple[str, ...]
    bounds: tuple[float, float] | None


@lru_cache(maxsize=8192)
def hints(description: str) -> Hints:
    """What a description says about values beyond the schema."""
    options: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    if match := _OPTIONS.search(description):
        found = _listed(description[match.end() :])
        options = found if len(found) > 1 else ()
    if match := _EXAMPLES.search(description):
        examples = _listed(description[match.end() :])
    bounds = None
    if match := _RANGE.search(description):
        low, high = float(match[1]), float(match[2])
        bounds = (low, high) if low < high else None
    return Hints(options, examples, bounds)


_PLAIN_ITEM = re.compile(r"[A-Za-z0-9][\w .+'/&-]{0,28}")


def _listed(text: str) -> tuple[str, ...]:
    """The items at the beginning of a text: quoted ones, or plain ones up to the end of the sentence."""
    if text[:1] in "\"'`‘“[":
        items = []
        while match := _QUOTED.match(text.lstrip("[ ")):
            items.append(match[1])
            text = re.sub(
                r"^\s*(?:\([^)]*\))?\s*(?:for [^,.]*)?\s*(?:,\s*(?:or|and)\b|,|\bor\b|\band\b|/)?\s*",
                "",
                text.lstrip("[ ")[match.end() :],
            )
        return tuple(dict.fromkeys(items))
    sentence = re.split(r"\.(?:\s|$)|[();\n]|\bDefault|\bIf\b|\betc\b", text, maxsplit=1)[0]
    parts = [part.strip(" .'\"") for part in re.split(r",|\bor\b|\band\b", sentence)]
    parts = [part for part in parts if part]
    if not parts or not all(_PLAIN_ITEM.fullmatch(part) and len(part.split()) <= 3 for part in parts):
        return ()
    if any(
        part.split()[0].lower() in ("the", "a", "an", "this", "it", "in", "positive", "greater")
        for part in parts
    ):
        return ()
    return tuple(dict.fromkeys(parts))


_START = (
    "start",
    "from",
    "begin",
    "departure",
    "depart",
    "check in",
    "checkin",
    "since",
    "after",
    "pick",
    "t0",
    "startdate",
    "min",
    "lower",
    "low",
)
_END = (
    "end",
    "to",
    "return",
    "check out",
    "checkout",
    "until",
    "till",
    "before",
    "arrival",
    "drop",
    "due",
    "t1",
    "max",
    "upper",
    "high",
)


class Scene:
    """Draws the values of one message so that they fit together."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.place: Place | None = None
        self.used: set[Any] = set()
        self.people: list[tuple[str, str]] = []
        self.day: date | None = None
        self.hour: int | None = None
        self.low: float | None = None
        self.bundle: dict[str, tuple[str, ...]] = {}

    def values(self, card: Card, names: Sequence[str]) -> dict[str, Any]:
        """A value for each of the named parameters, in the tool's order."""
        self.place = None
        self.low = None
        wanted = set(names)
        kinds = {slot.kind for slot in card.slots if slot.name in wanted}
        fitting = [bundle for bundle in BUNDLES if len(kinds & bundle.keys()) > 1]
        about = f"{card.name} {card.description}".lower()
        named = [bundle for bundle in fitting if bundle.get("sport", ("?",))[0] in about]
        self.bundle = self.rng.choice(named or fitting) if fitting else {}
        return {slot.name: self.value(slot, card) for slot in card.slots if slot.name in wanted}

    def value(self, slot: Slot, card: Card, depth: int = 0) -> Any:
        """One value that fits the slot's schema."""
        schema = slot.schema
        if "const" in schema:
            return schema["const"]
        match slot.form:
            case "enum":
                options = [option for option in schema["enum"] if option is not None and option != ""]
                return self._fresh(options or schema["enum"])
            case "integer" | "number":
                return self.number(slot)
            case "boolean":
                default = schema.get("default")
                return (
                    (not default)
                    if isinstance(default, bool) and self.rng.random() < 0.75
                    else self.rng.random() < 0.6
                )
            case "date":
                return self.day_of(slot).strftime(slot.date_format)
            case "datetime":
                return datetime.combine(self.day_of(slot), self.clock()).strftime(slot.date_format)
            case "time":
                return self.clock().strftime(slot.date_format)
            case "array":
                return self._array(slot, card, depth)
            case "object":
                return self._object(slot, card, depth)
            case "any":
                return self._any(slot)
            case "text":
                return self.text(slot, card)

    def another(self, slot: Slot, card: Card, old: Any) -> Any:
        """A value other than the old one, if the schema leaves room for one."""
        if isinstance(old, bool):
            return not old
        for _ in range(8):
            value = self.value(slot, card)
            if value != old:
                return value
        if slot.form == "text" and isinstance(old, str):
            changed = self._like(old)
            return changed if changed != old else self._by_kind(slot.kind, slot)
        return old

    def _fresh(self, options: Sequence[Any]) -> Any:
        """One of the options, not used in this message before if that can be."""
        unused = [option for option in options if _key(option) not in self.used]
        value = self.rng.choice(unused or list(options))
        self.used.add(_key(value))
        return value

    # Numbers

    def number(self, slot: Slot) -> int | float:
        low, high, step = _number_range(slot)
        least, most = _limits(slot)
        low = low if least is None else max(low, least)
        high = high if most is None else min(high, most)
        if high - low < 2 * step and (least is not None or most is not None):
            # The usual range is not what this parameter allows.
            low = least if least is not None else (most or 0) - 20 * step
            high = most if most is not None else low + 20 * step
            step = 1 if slot.form == "integer" else max((high - low) / 20, 1e-6)
        multiple = slot.schema.get("multipleOf")
        if isinstance(multiple, int | float) and multiple > 0:
            step, low = float(multiple), math.ceil(low / multiple) * multiple
        tokens = _joined(slot.name)
        if self.low is not None and low <= self.low < high and _is_end(tokens):
            low = self.low + step
        value: float = low
        for _ in range(4):
            value = low + step * self.rng.randint(0, max(0, math.floor((high - low) / step + 1e-9)))
            value = round(value, 6)
            if (slot.kind, value) not in self.used:
                break
        self.used.add((slot.kind, value))
        if _is_start(tokens):
            self.low = value
        if slot.form == "integer" or (value == int(value) and self.rng.random() < 0.7):
            return int(value)
        return value

    # Dates

    def day_of(self, slot: Slot) -> date:
        tokens = _joined(slot.name)
        if any(word in tokens for word in ("birth", "dob")):
            return date(1955, 1, 1) + timedelta(days=self.rng.randrange(50 * 365))
        if self.day is not None and _is_end(tokens):
            self.day += timedelta(days=self.rng.randint(2, 12))
            return self.day
        self.day = date(2025, 1, 1) + timedelta(days=self.rng.randrange(600))
        return self.day

    def clock(self) -> time:
        """A time of day, later than the one before it in the same message."""
        if self.hour is not None and self.hour < 20:
            self.hour += self.rng.randint(1, 3)
        else:
            self.hour = self.rng.randint(7, 16)
        return time(min(self.hour, 22), self.rng.choice((0, 0, 15, 30, 30, 45)))

    # Structures

    def _array(self, slot: Slot, card: Card, depth: int) -> list[Any]:
        prefix = slot.schema.get("prefixItems")
        if isinstance(prefix, list) and prefix:
            return [self.value(slot_of(slot.name, part), card, depth + 1) for part in prefix]
        low = max(1, int(slot.schema.get("minItems") or 0))
        high = int(slot.schema.get("maxItems") or 0) or max(
            low, 4 if slot.item and slot.item.form in ("integer", "number") else 3
        )
        size = self.rng.randint(
            min(max(low, 2), high), max(high if high <= 6 else low + 2, min(max(low, 2), high))
        )
        item = slot.item
        if item is None:
            pool = WORDS.get(slot.kind)
            if pool is None and re.search(
                r"(?i)number|numer|integer|value|float|data|score|element", f"{slot.name} {slot.description}"
            ):
                return [self.rng.randint(2, 90) for _ in range(size)]
            return self.rng.sample(pool or WORDS["text"], k=min(size, 3))
        if depth > 3:
            size = max(low, 1)
        values: list[Any] = []
        for _ in range(size * 4):
            value = self.value(item, card, depth + 1)
            if value not in values:
                values.append(value)
            if len(values) == size:
                break
        while len(values) < low:
            values.append(self.value(item, card, depth + 1))
        return values

    def _object(self, slot: Slot, card: Card, depth: int) -> dict[str, Any]:
        if slot.fields:
            keep = [
                field for field in slot.fields if field.required or (depth < 2 and self.rng.random() < 0.5)
            ]
            keep = keep or [slot.fields[0]]
            return {field.name: self.value(field, card, depth + 1) for field in keep}
        extra = slot.schema.get("additionalProperties")
        kinds = extra.get("type") if isinstance(extra, dict) else None
        found = hints(slot.description)
        known = [key for key in (*found.options, *found.examples) if re.fullmatch(r"\w{2,20}", key)]
        if known:
            counts = re.search(r"(?i)number|count|value|amount|score|quantit|population", slot.description)
            numeric = kinds != "string" and (counts or kinds in ("integer", "number"))
            return {
                key: self.rng.randint(2, 60) if numeric else self._fresh(WORDS["name"])
                for key in list(dict.fromkeys(known))[:3]
            }
        keys = self.rng.sample(
            ("color", "size", "level", "region", "group", "month", "owner", "stage"), k=self.rng.randint(1, 2)
        )
        if kinds in ("integer", "number"):
            return {key: self.rng.randint(1, 60) for key in keys}
        if kinds == "boolean":
            return {key: self.rng.random() < 0.5 for key in keys}
        if kinds in ("array", "object"):
            return {}
        made = {
            "color": "green", "size": "large", "level": self.rng.randint(1, 9), "region": "north",
            "group": self.rng.choice("ABCD"), "month": self.rng.choice(WORDS["month_name"]),
            "owner": self.rng.choice(pools().people)[0],
            "stage": self.rng.choice(("draft", "final", "review")),
        }  # fmt: skip
        return {key: str(made[key]) if kinds == "string" else made[key] for key in keys}

    def _any(self, slot: Slot) -> Any:
        description = slot.description.lower()
        if re.search(r"\barray|\blist\b", description):
            return [self.rng.randint(1, 40) for _ in range(3)]
        if re.search(r"\bnumber\b|\bnumeric\b|\binteger\b", description):
            return self.rng.randint(1, 200)
        name = "".join(word.capitalize() for word in split_name(slot.name)[-2:]) or "Value"
        return (
            f"{self.rng.choice(('main', 'my', 'shared', 'current', 'primary', 'temp', 'base', 'test'))}{name}"
        )

    # Texts

    def text(self, slot: Slot, card: Card) -> str:
        """A string for the slot: from the description's own list, by its kind, or from its examples."""
        found = hints(slot.description)
        value: str
        if slot.schema.get("pattern"):
            value = self._patterned(str(slot.schema["pattern"]), slot, found)
        elif found.options and not any(_looks_like_format(option) for option in found.options):
            value = self._fresh(found.options)
        elif (example := self._example(slot, found)) is not None:
            value = example
        elif card.code and slot.kind in ("text", "name", "identifier", "topic", "query", "description"):
            value = self._fresh(WORDS["code"])
        else:
            value = self._by_kind(slot.kind, slot)
        high = slot.schema.get("maxLength")
        low = slot.schema.get("minLength")
        if isinstance(high, int) and len(value) > high:
            value = value[:high].strip() or value[:high]
        if isinstance(low, int) and len(value) < low:
            value = (value + " " + self._by_kind("description", slot)).ljust(low, "x")[
                : high if isinstance(high, int) else None
            ]
        return value

    def _example(self, slot: Slot, found: Hints) -> str | None:
        examples = tuple(e for e in found.examples if not _looks_like_format(e))
        default = slot.schema.get("default")
        given = slot.schema.get("examples")
        if isinstance(given, list):
            examples += tuple(str(e) for e in given if isinstance(e, str))
        if not examples:
            return None
        known = slot.kind not in (
            "text",
            "name",
            "identifier",
            "topic",
            "query",
            "description",
            "unit",
            "format",
            "method",
            "mode",
            "type",
            "style",
            "region",
            "size",
            "product",
        )
        if known and self.rng.random() < 0.8:
            return None
        pool = [e for e in examples if e != default] or list(examples)
        if slot.kind in ("identifier", "uuid", "secret"):
            return self._like(self.rng.choice(pool))
        return str(self._fresh(pool))

    def _like(self, example: str) -> str:
        """Another identifier of the same shape: digits and hex letters are drawn anew."""
        if re.search(r"\d{4}-\d\d-\d\d", example):
            day = date(2025, 1, 1) + timedelta(days=self.rng.randrange(600))
            return re.sub(r"\d{4}-\d\d-\d\d", day.isoformat(), example)
        if re.fullmatch(r"[0-9a-f-]{20,}", example):
            return "".join(self.rng.choice("0123456789abcdef") if c != "-" else c for c in example)
        return "".join(self.rng.choice(string.digits) if c.isdigit() else c for c in example)

    def _patterned(self, pattern: str, slot: Slot, found: Hints) -> str:
        for value in (*found.examples, slot.schema.get("default"), self._by_kind(slot.kind, slot)):
            if isinstance(value, str) and _matches(pattern, value):
                other = self._like(value)
                return other if _matches(pattern, other) else value
        made = patterns.sample(pattern, self.rng)
        return made if made is not None and _matches(pattern, made) else self._by_kind(slot.kind, slot)

    def person(self) -> tuple[str, str]:
        found = self.rng.choice(pools().people)
        self.people.append(found)
        return found

    def somewhere(self, fresh: bool = True) -> Place:
        if self.place is not None and not fresh:
            return self.place
        for _ in range(5):
            place = self.rng.choice(PLACES)
            if place.city not in self.used:
                break
        self.used.add(place.city)
        self.place = place
        return place

    def _by_kind(self, kind: str, slot: Slot) -> str:
        if kind in self.bundle:
            return str(self._fresh(self.bundle[kind]))
        maker = _MAKERS.get(kind)
        if maker is not None:
            return maker(self, slot)
        return str(self._fresh(WORDS.get(kind) or WORDS["text"]))

    def _code(self, slot: Slot) -> str:
        """An identifier such as `ORD-48213`, its letters from the parameter's name."""
        words = [
            w
            for w in split_name(slot.name)
            if w not in ("id", "ids", "number", "key", "code", "the", "unique", "identifier", "ref")
        ]
        prefix = "".join(c for c in (words[0] if words else "ref").upper() if c.isalnum())[:3]
        return f"{prefix}-{self.rng.randint(10000, 99999)}"


def _key(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else repr(value)


def _joined(name: str) -> str:
    return f" {' '.join(split_name(name))} "


def _is_start(tokens: str) -> bool:
    return any(f" {word} " in tokens or tokens.startswith(f" {word}") for word in _START)


def _is_end(tokens: str) -> bool:
    return any(f" {word} " in tokens or tokens.startswith(f" {word}") for word in _END)


def _looks_like_format(text: str) -> bool:
    return bool(re.search(r"YYYY|yyyy|HH|MM/|DD|City|State|[{}<>\[\]]|^state$|^city$|xxx", text))


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return False


def _limits(slot: Slot) -> tuple[float | None, float | None]:
    """Bounds that the schema or the description states, both inclusive."""
    schema = slot.schema
    step = 1 if slot.form == "integer" else 0.01
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(above := schema.get("exclusiveMinimum"), int | float) and not isinstance(above, bool):
        low = above + step
    if isinstance(below := schema.get("exclusiveMaximum"), int | float) and not isinstance(below, bool):
        high = below - step
    low = low if isinstance(low, int | float) else None
    high = high if isinstance(high, int | float) else None
    if low is None and high is None and (stated := hints(slot.description).bounds):
        return stated
    return low, high


_RANGES: dict[str, tuple[float, float, float]] = {
    "cvv": (101, 989, 1),
    "century": (12, 20, 1),
    "total": (30, 60, 1),
    "latitude": (-60, 65, 0.0125),
    "longitude": (-150, 160, 0.0125),
    "year": (1990, 2024, 1),
    "age": (19, 78, 1),
    "month": (1, 12, 1),
    "day": (1, 28, 1),
    "hour": (6, 22, 1),
    "minute": (5, 55, 5),
    "probability": (0.05, 0.95, 0.05),
    "percent": (5, 90, 5),
    "rate": (0.01, 0.12, 0.005),
    "temperature": (5, 95, 1),
    "money": (100, 12000, 50),
    "duration_y": (2, 30, 1),
    "days": (2, 14, 1),
    "hours": (1, 12, 1),
    "weeks": (2, 12, 1),
    "months": (2, 36, 1),
    "minutes": (10, 120, 5),
    "time": (5, 90, 5),
    "people": (2, 8, 1),
    "rating": (3, 5, 0.5),
    "angle": (10, 85, 5),
    "speed": (5, 90, 5),
    "acceleration": (2, 10, 0.2),
    "mass": (5, 95, 2.5),
    "stature": (5, 60, 1),
    "distance": (2, 80, 1),
    "length": (3, 40, 1),
    "volume": (2, 50, 1),
    "area": (20, 400, 10),
    "force": (20, 900, 10),
    "electric": (1, 24, 0.5),
    "population": (1000, 900000, 1000),
    "bpm": (70, 160, 5),
    "port": (3000, 9000, 10),
    "precision": (1, 5, 1),
    "page": (1, 10, 1),
    "threshold": (0.1, 0.9, 0.05),
    "limit": (3, 25, 1),
    "code_number": (1001, 98000, 1),
    "level": (1, 5, 1),
    "calories": (1400, 2800, 50),
    "number": (2, 60, 1),
}


def _number_range(slot: Slot) -> tuple[float, float, float]:
    low, high, step = _RANGES.get(slot.kind, _RANGES["number"])
    text = slot.description.lower()
    if slot.kind == "rate" and slot.form == "integer":
        return 2, 20, 1
    if slot.kind == "rate" and re.search(r"percent|%", text) and "decimal" not in text:
        return 1, 12, 0.5
    if slot.kind == "stature" and re.search(r"\bcm\b|centimet", slot.name.lower() + " " + text):
        return 150, 198, 1
    if slot.kind == "mass" and re.search(r"person|body|bmi|user|calorie", text):
        return 48, 110, 1
    if slot.kind == "temperature" and "celsius" in text:
        return 5, 38, 1
    if slot.kind == "time" and re.search(r"\byears?\b", text):
        return _RANGES["duration_y"]
    if slot.kind == "percent" and re.search(r"tip|discount|tax|down", slot.name.lower()):
        return 5, 30, 5
    if slot.kind == "time" and re.search(r"millisecond|timestamp|epoch", text):
        return 1000, 60000, 500
    if slot.kind == "year" and re.search(r"future|forecast|ahead|predict", text):
        return 2026, 2035, 1
    if slot.kind == "length" and "side" in slot.name.lower():
        low, high = 8, 15  # any three of these make a triangle
    if slot.form == "integer":
        step = max(1, round(step))
        low, high = math.ceil(low), max(math.ceil(low), math.floor(high))
        if high - low < 1:
            return 1, 10, 1
    return low, high, step


def _city_state(scene: Scene, slot: Slot) -> str:
    lowered = slot.description.lower()
    tokens = _joined(slot.name)
    place = scene.somewhere()
    if re.search(r"city,? (?:and )?(?:state|country)|'city, state'|ca\b", lowered):
        return f"{place.city}, {place.code}"
    if "address" in lowered and " location " not in tokens:
        return _address(scene, slot)
    return place.city


def _address(scene: Scene, slot: Slot) -> str:
    place = scene.place or scene.somewhere()
    return f"{scene.rng.choice(pools().streets)}, {place.city}"


def _email(scene: Scene, slot: Slot) -> str:
    first, last = scene.people[-1] if scene.people else scene.person()
    host = scene.rng.choice(("example.com", "example.org", "mailbox.example"))
    return f"{first}.{last}@{host}".lower().replace(" ", "")


def _username(scene: Scene, slot: Slot) -> str:
    first, last = scene.person()
    joint, number = scene.rng.choice(("_", ".", "")), scene.rng.choice(("", "", scene.rng.randint(10, 99)))
    return f"{first}{joint}{last}{number}".lower().replace(" ", "")


def _password(scene: Scene, slot: Slot) -> str:
    word = scene.rng.choice(("River", "Maple", "Harbor", "Copper", "Meadow", "Lantern"))
    return f"{word}{scene.rng.randint(100, 9999)}{scene.rng.choice('!#%')}"


def _secret(scene: Scene, slot: Slot) -> str:
    letters = string.ascii_lowercase + string.digits
    return "tok_" + "".join(scene.rng.choice(letters) for _ in range(16))


def _uuid(scene: Scene, slot: Slot) -> str:
    digits = "".join(scene.rng.choice("0123456789abcdef") for _ in range(32))
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _url(scene: Scene, slot: Slot) -> str:
    host = scene.rng.choice(("www.example.com", "shop.example.org", "news.example.net", "blog.example.com"))
    path = scene.rng.choice(("articles", "reports", "products", "events", "guides"))
    return f"https://{host}/{path}/{scene.rng.randint(10, 999)}"


def _file_name(scene: Scene, slot: Slot) -> str:
    stem = scene.rng.choice(
        ("budget", "report", "notes", "inventory", "minutes", "survey", "schedule", "photos")
    )
    ending = scene.rng.choice(("txt", "csv", "pdf", "xlsx", "md"))
    if "image" in slot.description.lower() or "img" in slot.name:
        ending = scene.rng.choice(("png", "jpg"))
    return f"{stem}_{scene.rng.choice((2023, 2024, 2025))}.{ending}"


def _file_path(scene: Scene, slot: Slot) -> str:
    home, folder = scene.person()[0].lower(), scene.rng.choice(("documents", "projects", "pictures"))
    return f"/home/{home}/{folder}/{_file_name(scene, slot)}"


def _date_range(scene: Scene, slot: Slot) -> str:
    first = date(2025, 1, 1) + timedelta(days=scene.rng.randrange(500))
    return f"{first.isoformat()} to {(first + timedelta(days=scene.rng.randint(3, 20))).isoformat()}"


_MAKERS: dict[str, Callable[[Scene, Slot], str]] = {
    "person": lambda s, _: " ".join(s.person()),
    "first_name": lambda s, _: s.person()[0],
    "last_name": lambda s, _: s.people[-1][1] if s.people else s.person()[1],
    "username": _username,
    "email": _email,
    "phone": lambda s, _: f"+1-{s.rng.randint(201, 989)}-555-{s.rng.randint(100, 199):04d}",
    "url": _url,
    "ip": lambda s, _: f"192.0.2.{s.rng.randint(2, 250)}",
    "hostname": lambda s, _: (
        f"{s.rng.choice(('api', 'mail', 'web', 'db', 'cdn'))}{s.rng.randint(1, 9)}.example.com"
    ),
    "address": _address,
    "zip": lambda s, _: f"{s.rng.randint(10001, 98999)}",
    "city": lambda s, _: s.somewhere().city,
    "location": _city_state,
    "state": lambda s, _: s.place.region if s.place else s.rng.choice(US_PLACES).region,
    "state_code": lambda s, _: s.rng.choice(US_PLACES).code,
    "country": lambda s, _: s.place.country if s.place else s.somewhere().country,
    "country_code": lambda s, _: s.place.country_code if s.place else s.somewhere().country_code,
    "airport": lambda s, _: s.somewhere().airport,
    "airport_code": lambda s, _: s.somewhere().airport,
    "timezone": lambda s, _: (s.place or s.somewhere()).timezone,
    "latlon": lambda s, _: f"{(p := s.place or s.somewhere()).latitude}, {p.longitude}",
    "currency": lambda s, _: s._fresh(("USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "SEK", "INR")),
    "currency_code": lambda s, _: s._fresh(("USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "SEK", "INR")),
    "language_code": lambda s, _: s._fresh(tuple(LANGUAGE_CODES.values())),
    "password": _password,
    "secret": _secret,
    "uuid": _uuid,
    "file_name": _file_name,
    "file_path": _file_path,
    "folder": lambda s, _: s._fresh(
        ("reports", "archive", "invoices", "drafts", "backup", "photos", "temp_files")
    ),
    "flight_number": lambda s, _: f"{s.rng.choice(('LH', 'DL', 'UA', 'KL', 'BA'))}{s.rng.randint(100, 999)}",
    "case_number": lambda s, _: (
        f"{s.rng.choice(('CV', 'CR', 'AP'))}-{s.rng.randint(2015, 2024)}-{s.rng.randint(1000, 9999)}"
    ),
    "patent": lambda s, _: f"US{s.rng.randint(7000000, 11000000)}",
    "company": lambda s, _: s._fresh(WORDS["company"] if s.rng.random() < 0.7 else pools().companies),
    "route": lambda s, _: f"Route {s.rng.randint(2, 95)}",
    "date_range": _date_range,
    "date_text": lambda s, slot: s.day_of(slot).isoformat(),
    "clock": lambda s, _: s.clock().strftime("%H:%M"),
    "color_name": lambda s, _: f"#{s.rng.randrange(16**6):06x}",
    "tag_expression": lambda s, _: s.rng.choice(("env:production", "team:payments", "zone:eu-west")),
    "card_number": lambda s, _: "-".join(["4000", *(f"{s.rng.randrange(10000):04d}" for _ in range(3))]),
    "identifier": lambda s, slot: s._code(slot),
}
