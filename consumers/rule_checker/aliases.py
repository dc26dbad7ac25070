"""Codes and the words they stand for: a user says "euros", the call says "EUR"."""

_GROUPS = """
usd|us dollar|us dollars|dollar|dollars|american dollars|buck|bucks
eur|euro|euros
gbp|pound|pounds|pound sterling|british pound|sterling|quid
jpy|yen|japanese yen
cny|yuan|renminbi|rmb
inr|rupee|rupees
cad|canadian dollar|canadian dollars
aud|australian dollar|australian dollars
chf|swiss franc|swiss francs|franc|francs
krw|won|korean won
mxn|peso|pesos|mexican peso
brl|real|reais|brazilian real
btc|bitcoin
eth|ethereum
en|eng|english|en us|en gb
es|spa|spanish|es es
fr|fra|fre|french|fr fr
de|deu|ger|german|de de
it|ita|italian
pt|por|portuguese
ja|jpn|jp|japanese|japan
zh|zho|chi|chinese|mandarin|zh cn
ko|kor|korean
ru|rus|russian
ar|ara|arabic
hi|hin|hindi
nl|nld|dutch
us|usa|united states|united states of america|america|american
uk|gb|gbr|united kingdom|britain|great britain|england|british
de|deu|germany|german
fr|fra|france|french
es|esp|spain|spanish
it|ita|italy|italian
cn|chn|china|chinese
in|ind|india|indian
ca|can|canada|canadian
au|aus|australia|australian
br|bra|brazil|brazilian
mx|mex|mexico|mexican
kr|south korea|korea|korean
nl|netherlands|holland|dutch
ch|switzerland|swiss
nyc|new york|new york city|big apple
la|lax|los angeles
ord|chicago|windy city|chi town
jfk|new york|new york city
sfo|san francisco
philly|philadelphia
vegas|las vegas
sf|san francisco
dc|washington dc|washington
ny|new york
ca|california|san francisco|los angeles|san diego|palo alto|berkeley|oakland|san jose
tx|texas|houston|dallas|austin|san antonio
fl|florida|miami|orlando
il|illinois|chicago
wa|washington|seattle
ma|massachusetts|boston
pa|pennsylvania|philadelphia|pittsburgh
ga|georgia|atlanta
az|arizona|phoenix
co|colorado|denver
nv|nevada|las vegas
or|oregon|portland
mi|michigan|detroit
nj|new jersey
oh|ohio
nc|north carolina
va|virginia
c|celsius|centigrade|metric|degree celsius
f|fahrenheit|imperial|degree fahrenheit
metric|kilogram|kilograms|kg|km|kilometer|kilometers|kilometre|kilometres|meter|meters|metre|metres|celsius|cm
imperial|pound|pounds|lb|lbs|mile|miles|foot|feet|inch|inches|fahrenheit|yard|yards
km|kilometer|kilometers|kilometre|kilometres|kms
mi|mile|miles
m|meter|meters|metre|metres
cm|centimeter|centimeters|centimetre|centimetres
ft|foot|feet
in|inch|inches
kg|kilogram|kilograms|kilo|kilos
g|gram|grams
lb|lbs|pound|pounds
oz|ounce|ounces
l|liter|liters|litre|litres
h|hr|hrs|hour|hours|hourly
min|mins|minute|minutes
s|sec|secs|second|seconds
daily|day|every day|each day|per day
weekly|week|every week|each week|per week
monthly|month|every month|each month|per month
yearly|annual|annually|year|every year|per year
quarterly|quarter|every quarter
male|man|boy|he|his|him|father|husband|brother|son|gentleman|men|m
female|woman|girl|she|her|mother|wife|sister|daughter|lady|women|f
asc|ascending|lowest|cheapest|earliest|oldest|increasing
desc|descending|highest|newest|latest|most recent|decreasing|top
jpeg|jpg
ai|artificial intelligence
ml|machine learning
vr|virtual reality
ar|augmented reality
gdp|gross domestic product
tv|television
yes|true
no|false
round trip|return|return flight
one way|single
dr|doctor|drive
st|street|saint
ave|avenue
rd|road
blvd|boulevard
aapl|apple
goog|googl|google|alphabet
msft|microsoft
amzn|amazon
tsla|tesla
meta|fb|facebook
nflx|netflix
nvda|nvidia
celsius|metric
"""


def _table() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for line in _GROUPS.split("\n"):
        group = line.split("|") if line else []
        for phrase in group:
            table.setdefault(phrase, set()).update(group)
    return {phrase: frozenset(others - {phrase}) for phrase, others in table.items()}


ALIASES: dict[str, frozenset[str]] = _table()
"""Normalised phrase -> the phrases that may stand for it."""
