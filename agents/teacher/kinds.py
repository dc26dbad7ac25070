"""What a parameter's values mean, read off its name and description: the key to realistic values."""

import re
from collections.abc import Sequence

from agents.teacher.words import split_name

# Each row: kind, then a pattern over the name's words joined by spaces. The first match wins, so that
# what is more particular stands higher.
_TEXT_NAMES = r"""
email            | \be ?mails?( address(es)?)?\b
phone            | \bphone( number)?\b|\bmobile( number)?\b|\btelephone( number)?\b
url              | \burl|\buri\b|\blink\b|\bwebsite$|\bendpoint\b|\bwebhook
ip               | \bip\b|\bip address|\bipv4
hostname         | \bhost( ?name)?s?$|\bserver$|\bdomain( name)?$
address          | \baddress(es)?$|\bstreet\b|^where$
zip              | \bzip\b|\bpost(al)? ?code\b
airport          | \bairports?\b|\biata\b
airline          | \bairlines?\b|\bcarrier\b
flight_number    | \bflight (number|no|id)\b
route            | \broute\b
music_genre      | \bmusic genre\b
date_text        | \bdates?\b|\bdeadline\b|\bbirthday\b
clock            | \btime\b
latlon           | \bcoordinates?\b|\blat ?l[oa]ng\b
timezone         | \btime ?zone\b|\btz\b
username         | \buser ?names?\b|\blogin\b|\bhandle\b|\bnick ?name\b|\bscreen name\b
password         | \bpass ?word\b|\bpwd\b|\bpassphrase\b
secret           | \btokens?$|\bapi ?key\b|\bx apikey\b|\bsecret\b|\baccess key\b|\bcredential value\b
                   |\bpassport\b.*key
uuid             | \buuid\b|\bguid\b|\bunique id(entifier)?\b
file_name        | \bfile ?names?\b|\bsource file\b|\barchive\b|^file$|^files$|\bfile\d$
file_path        | \bpaths?\b|\bimg\b|\bfile( path)?\b|\bimage url\b|\bimage$
folder           | \bfolder|\bdir(ectory)?( name)?\b|\bworkspace\b
currency         | \bcurrenc(y|ies)\b
crypto           | \bcrypto|\bcoins?\b( type)?$
stock            | \bsymbols?\b|\btickers?\b|\bstocks?( name| symbol)?$
exchange         | \bstock exchange\b|^exchange$|\bmarket$
language         | \blang(uage)?s?\b|\blocale\b
prog_language    | \bprogramming language\b
gender           | \bgender\b|\bsex\b
blood            | \bblood\b
zodiac           | \bzodiac|\bsign\d?$
weekday          | \bweekday\b|\bday of (the )?week\b
month_name       | \bmonth( name)?$
season           | \bseason\b
planet           | \bplanets?\b|\bcelestial\b
element          | ^elements?$|\bmetal\b|\batom\b
compound         | \bcompounds?\b|\bmolecules?\b|\bsubstances?\b|\bchemicals?\b|\bsolute\b|\bsolvent\b
                   |\bfluid\b|\bgas\b|\bformula$
particle         | \bparticles?\b
color            | \bcolou?rs?\b
animal           | \banimals?\b|\bpets?\b|\bbreed\b
species          | \bspecies\b|\borganism\b|\bbird\b
plant            | \bplants?\b|\bflowers?\b|\btrees?\b|\bcrops?\b
disease          | \bdiseases?\b|\bconditions?\b|\bdiagnosis\b|\bdisorder\b|\billness\b
symptom          | \bsymptoms?\b
medicine         | \bmedic(ine|ation)s?\b|\bdrugs?\b
specialty        | \bspeciali[sz]ation\b|\bspecialty\b|\bdoctor\b|\bfaculty\b|\bdepartment\b
gene             | \bgenes?\b|\ballele
dna              | \bdna\b|\bsequence\b
cell             | \bcells?\b
body_part        | \bbody part\b|\bmuscles?\b|\borgan\b
sport            | \bsports?\b
player           | \bplayers?( name)?s?\b|\bathlete
league           | \bleagues?\b|\btournament\b|\bcompetition\b|\bchampionship\b
team             | \bteams?( name)?\d?\b|\bclub\b
video_game       | \bgames?( name| title)?$|\bvideo game
platform         | \bplatforms?\b|\bconsole\b|\boperating system\b|\bos\b
card_suit        | \bsuit\b
card_rank        | \brank\b|\bhand\b
instrument       | \binstruments?\b
artist           | \bartists?( name)?s?\b|\bband\b|\bsinger\b|\bmusician\b|\bperformer\b
song             | \bsongs?\b|\btrack\b|\bmusic\b
album            | \balbums?\b
playlist         | \bplaylist
genre            | \bgenres?\b
movie            | \bmovies?( name| title)?$|\bfilms?\b|\bshow$|\bseries\b
actor            | \bactors?\b|\bactress\b|\bcast\b|\bdirected by\b|\bdirectors?\b|\bstarring\b
author           | \bauthors?\b|\bwriter\b
book             | \bbooks?( name| title)?$|\bnovel\b
painting         | \bpainting|\bartworks?\b|\bsculptures?( name)?\b
painter          | \bpainter|\bsculptor|\bartist name\b
museum           | \bmuseums?( name)?\b|\bgallery\b
monument         | \bmonument|\blandmark|\battraction|\bbuildings?( name)?\b|\bsite\b|\bstructure\b
religion         | \breligions?\b|\bfaith\b|\bdenomination\b
historical_event | \bhistorical|\bevents?( name)?$|\bbattles?( name)?\b|\bwar\b|\bdiscovery\b|\binvention\b
period           | \bera\b|\bcentury\b|\bdynasty\b|\bempire\b
leader           | \bpresident\b|\bking\b|\bleader\b|\bfigure\b|\bcriminal\b
scientist        | \bscientist|\bphysicist|\binventor|\bphilosopher
court            | \bcourt( name)?\b|\bjurisdiction\b
case_number      | \bcase (number|id|no)\b|\bdocket\b
law_case         | \bcase( name| title)?s?$|\blawsuit\b|\bplaintiff\b|\bdefendant\b
crime            | \bcrimes?( type)?\b|\boffen[cs]e\b
law_area         | \blaw( type| category| area)?\b|\blegal\b|\bcase type\b
patent           | \bpatent
lawyer           | \blawyers?\b|\battorney\b
cuisine          | \bcuisines?\b
diet             | \bdiet|\brestriction|\ballerg
meal             | \bmeals?\b
dish             | \bdish(es)?( name)?\b|\brecipes?( name)?$|\bfoods?( name| type| item)?\b|\bmenu\b
                   |\bpizza\b|\bdrink
ingredient       | \bingredients?\b|\bflavou?r\b|\btoppings?\b|\bspice
restaurant       | \brestaurants?( name)?\b|\bcaf[eé]\b
hotel            | \bhotels?( name)?\b|\bresort\b|\baccommodation\b
room_type        | \broom ?types?\b|\broom\b
cabin            | \bclass\b|\bseat\b|\bseating class\b|\btravel class\b
car              | \bcars?( model| type)?$|\bvehicles?( type)?$|\bmake\b|\bmodel$
fuel             | \bfuel
company          | \bcompan(y|ies)( name)?\b|\bemployer\b|\borgani[sz]ations?( name)?\b|\bcorporation\b
                   |\bvendor\b|\bsupplier\b|\bmanufacturer\b|\bpublisher\b|\bpartner\b
bank             | \bbanks?( name)?\b|\bfinancial institution\b
brand            | \bbrands?\b
store            | \bstores?( name)?\b|\bshop\b|\bsupermarket\b|\bsupplier\b
product          | \bproducts?( name)?$|\bitems?( name)?\d?$|\bgoods\b|\bdevice( name)?$|\bappliance
job              | \bjob( title)?\b|\boccupation\b|\bprofession\b|\bposition\b|\brole\b
skill            | \bskills?\b
industry         | \bindustr(y|ies)\b|\bsector\b
school           | \bschools?\b|\buniversit(y|ies)\b|\bcolleges?\b|\binstitution\b
subject          | \bsubject\b|\bcourses?( name)?\b|\bmajor\b|\bfield of study\b
degree           | \bdegree\b
topic            | \btopics?\b|\bthemes?\b|\binterests?\b|\bhobb(y|ies)\b|\bkeywords?\b|\btags?\b
                   |\bcategor(y|ies)\b
country          | \bcountr(y|ies)\b|\bnationality\b|\bnation\b
state            | \bstates?$|\bprovinces?\b
region           | \bregions?\b|\barea$|\bcontinents?\b|\bterritory\b
city             | \bcit(y|ies)\b|\btown\b|\bmunicipality\b
county           | \bcount(y|ies)\b|\bdistrict
location         | \blocations?\b|\bloc\b|\bplaces?\b|\borigin\b|\bdestinations?\b|\bvenue\b
                   |\b(start|end)(ing)? point\b|\bwhere to\b|\bpick ?up\b|\bdrop ?off\b
trail            | \bpark( name)?\b|\btrail\b|\bmountain\b|\briver\b|\blake\b|\becosystem\b|\bhabitat\b
equation         | \bequations?\b|\bexpressions?\b
function         | \bfunctions?\d?\b|\bpolynomial\b|\bintegrand\b
math_variable    | \bvariables?\b|\bwith respect to\b
matrix           | \bmatrix\b
sql              | \bsql\b|\bsql query\b
table            | \btables?( name)?\b
database         | \bdatabases?( name)?\b|\bdb( name)?\b|\bdata ?sources?\b|\bdataset\b
column           | \bcolumns?( name)?\b
code             | \bcode$|\bscript\b|\bsnippet\b
command          | \bcommands?\b|\bcmd\b
branch           | \bbranch\b
version          | \bversions?\b
repository       | \brepo(sitory)?\b
project          | \bprojects?( name)?\b|\bapp(lication)?( name)?\b|\bservices?( name)?\b
status           | \bstatus\b
priority         | \bpriority\b|\burgency( level)?\b|\bseverity\b
difficulty       | \bdifficulty\b|\blevel\b|\bcomplexity\b
sort_order       | \bsort ?order\b|\border$|\border by\b|\bdirection\b
sort_by          | \bsort( by)?\b
format           | \bformats?\b|\boutput\b
size             | \bsize\b
method           | \bmethod\b|\balgorithm\b|\bapproach\b|\btechnique\b|\bstrategy\b
mode             | \bmode\b|\btransport\b
unit_temperature | \btemperature unit\b|\btemp unit\b
unit             | \bunits?( in| out)?\b|\bscale\b
duration         | \bduration\b|\bperiod\b|\btime ?frame\b|\btime ?span\b|\binterval\b|\bfrequency\b
date_range       | \bdate range\b|\bdates\b
color_name       | \bhex\b
material         | \bmaterials?\b|\bmedium\b|\bfabric\b
style            | \bstyles?\b
shape            | \bshapes?\b
art_period       | \bart (movement|period)\b
greeting         | \bgreeting\b
subject_line     | \bsubject line\b|\bheading\b|\btitle$|\bheadline\b
message          | \bmessage\b|\bbody\b|\bcontents?\b|\btext\d?\b|\bcomment\b|\bnotes?\b|\bmemo\b
                   |\bfeedback\b|\bpost\b|\btweet\b|\bsentence\b|\bparagraph\b|\bcaption\b
review           | \breviews?\b
question         | \bquestions?\b|\bprompt\b|\binput\b|\binquiry\b
answer           | \banswer\b|\bresponse\b
query            | \bquer(y|ies)\b|\bsearch\b|\bq\b|\bsearch (string|term)\b|\bterms?\b
description      | \bdescription\b|\bdetails?\b|\bsummary\b|\breason\b|\bpurpose\b|\bcontext\b|\bissue\b
                   |\bcomplaint\b|\binstructions?\b|\brequest\b
goal_text        | \bgoal\b|\bobjective\b|\bpreference
relationship     | \brelationship\b
card_number      | \bcard number\b
person           | \bcard ?holder( name)?\b
                   |\b(person|patient|customer|employee|guest|student|passenger)s?( name)?$
                   |\b(contact|recipient|sender|receiver|client|friend|owner|teacher)s?( name)?$
                   |\b(stylist|victim|candidate|assignee|witness|participant|attendee|partner)s?( name)?$
                   |\b(member|spouse|driver|tenant)s?( name)?$|\bfull ?name\b
first_name       | \bfirst ?name\b|\bgiven name\b|\bmiddle ?name\b
last_name        | \blast ?name\b|\bsurname\b|\bfamily name\b
tag_expression   | \bexpression\b
identifier       | \bids?$|\bid\b|\bidentifiers?\b|\bkeys?$|\bthe key\b|\bcode$|\bnumber$|\bno$|\bhash\b
                   |\bcursor\b|\bsku\b|\bref(erence)?\b|\bsession\b|\baccount\b|\bpurl\b|\bcpe\b
name             | \bnames?$
""".strip()

_DESCRIPTION = r"""
city        | \bname of the city\b|\bcity name\b|\bthe city\b
country     | \bcountry\b(?!.*\bcode)
person      | \bname of the (?:person|patient|customer|individual|employee|user|guest|student|passenger)\b
              |\bname of the (?:recipient|client)\b
company     | \bcompany\b
player      | \bcelebrity\b|\bathlete\b|\bplayer\b
team        | \bteam\b
artist      | \bartist\b|\bband\b
movie       | \bmovie\b|\bfilm\b
book        | \bbook\b
product     | \bproduct\b
painter     | \bpainter\b|\bsculptor\b
museum      | \bmuseum\b
video_game  | \bvideo game\b
stock       | \bstock symbol\b|\bticker\b
url         | \burl\b
uuid        | \buuid\b
identifier  | \bunique identifier\b|\bidentifier\b
location    | \bcity and state\b|\blocation\b
""".strip()

_NUMBER_NAMES = r"""
cvv          | \bverification number\b|\bcvv\b|\bsecurity code\b
century      | \bcentury\b
latitude     | \blat(itude)?\b
longitude    | \b(lon|lng|longitude)\b
year         | \byears?$|\byear\b
age          | \bage\b
month        | \bmonth$
day          | \bday$
hour         | \bhour$
minute       | \bminutes?$
probability  | \bprob(ability)?\b|\bconfidence( level)?\b|\balpha$|\bp value\b|\bfrequency of\b
percent      | \bpercent(age)?\b|\bhumidity\b|\bpct\b
rate         | \brates?\b|\byield\b|\breturn\b|\bdiscount\b|\btax\b|\binflation\b|\bgrowth\b|\binterest\b
               |\bcommission\b|\befficiency\b|\bratio\b
temperature  | \btemp(erature)?s?\b|\bcelsius\b|\bfahrenheit\b
money        | \bprice|\bcosts?\b|\bamounts?\b|\bbudget\b|\bsalary\b|\bincome\b|\brevenue\b|\bbalance\b
               |\bloan\b|\bprincipal\b|\bprinciple\b|\bpayment\b|\bfee\b|\binvest(ment|ed)?\b|\bdeposits?\b
               |\bwithdrawals?\b|\bdividend|\bprofit\b|\bequity\b|\bassets?\b
              |\b(face|present|future|home|market) value\b|\bexpenses?\b
               |\bdonation\b|\bfare\b|\bface value\b|\bdeductions?\b|\bcapital\b
duration_y   | \byears\b|\bterm\b
days         | \bdays?\b|\bnights?\b
hours        | \bhours?\b
weeks        | \bweeks?\b
months       | \bmonths?\b
minutes      | \bminutes?\b|\bmins?\b
time         | \btime\b|\bduration\b|\bseconds?\b|\btimeout\b|\bdelay\b|\bperiod\b
people       | \bpassengers?\b|\bguests?\b|\badults?\b|\bpeople\b|\bpersons?\b|\bparty( size)?\b
               |\btravell?ers?\b|\bplayers?\b|\bparticipants?\b|\bseats?\b|\btickets?\b|\battendees?\b
               |\bservings?\b|\brooms?\b|\bbedrooms?\b|\bchild(ren)?\b|\bstudents?\b|\bdrivers?\b
rating       | \brating\b|\bstars?\b|\bscore\b
angle        | \bangle\b|\bdegrees?\b
speed        | \bspeed\b|\bvelocity\b|\bmph\b|\bkmh\b
acceleration | \bacceleration\b|\bgravity\b
mass         | \bmass\b|\bweight\b|\bkg\b
stature      | \bheight( cm)?\b
distance     | \bdistance\b|\bradius\b|\bmiles?\b|\bkm\b|\brange\b|\bmileage\b|\bdisplacement\b
length       | \blength\b|\bwidth\b|\bdepth\b|\bbase\b|\bside ?\d?\b|\bbreadth\b|\bdiameter\b|\bthickness\b
               |\bperimeter\b
volume       | \bvolume\b|\bcapacity\b
area         | \barea\b|\bsquare footage\b
force        | \bforce\b|\bpressure\b|\benergy\b|\bpower\b
electric     | \bvoltage\b|\bcurrent\b|\bresistance\b|\bcapacitance\b|\bcharge\d?\b|\bq\d?\b|\bpermeability\b
population   | \bpopulation\b
bpm          | \btempo\b|\bbpm\b
port         | \bport$
precision    | \bprecision\b|\bdecimal( places)?\b|\bround(ing)?\b|\bdigits\b
page         | \bpage$|\boffset\b|\bskip\b
threshold    | \bthreshold\b|\btolerance\b
total        | \btotal\b|\bdeck\b
limit        | \blimit\b|\bcount\b|\bnum(ber)?\b|\bmax\b|\btop\b|\bresults?\b|\bsize\b|\bper ?page\b
               |\bpage ?size\b|\bquantity\b|\bqty\b|\bn\b|\bk\b|\brounds?\b|\bshares?\b|\bcopies\b
code_number  | \bids?$|\bid\b|\bcode\b|\baccount\b|\bzip\b
level        | \blevel\b|\bdifficulty\b|\bpriority\b|\bfloor\b
calories     | \bcalor
""".strip()


def _table(text: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    # A line that begins with blanks goes on with the row above.
    rows = (line.split("|", 1) for line in re.sub(r"\n\s+", "", text).splitlines())
    return tuple((kind.strip(), re.compile(pattern.strip())) for kind, pattern in rows)


_TITLED = _table(
    r"""
movie | movie|film|cinema
song  | music|song|track|album
book  | book|novel|library
painting | art|paint|museum
job   | job|career
""".strip()
)
_TEXT_TABLE = _table(_TEXT_NAMES)
_DESCRIPTION_TABLE = _table(_DESCRIPTION)
_NUMBER_TABLE = _table(_NUMBER_NAMES)

_VAGUE = frozenset(
    ("name", "identifier", "topic", "location", "product", "region", "status", "size", "method", "mode")
)


def kind_of(tokens: Sequence[str], description: str, form: str, tool: str) -> str:
    """The kind of a parameter's values, `text` or `number` if nothing tells."""
    name = " ".join(tokens)
    if form in ("integer", "number"):
        bare = [
            token for token in tokens if token not in ("min", "max", "minimum", "maximum", "initial", "final")
        ]
        found = _first(_NUMBER_TABLE, " ".join(bare) or name)
        if found == "year" and _is_span(name, description):
            return "duration_y"
        return found or _first(_NUMBER_TABLE, _first_words(description)) or "number"
    if form in ("boolean", "object"):
        return form
    found = _text_kind(tokens)
    if found in ("name", "") or (found == "identifier" and "name" in tokens):
        lowered = description.lower()
        better = _first(_DESCRIPTION_TABLE, lowered[:90])
        if better:
            return better
        if found == "name":
            # In `dashboard_name` the first word says more; a plain `name` names what the tool is about.
            owner = list(tokens[:-1]) or list(split_name(tool.split(" ", 1)[0]))
            subject = _first(_TEXT_TABLE, " ".join(owner))
            if subject and subject not in _VAGUE:
                return subject
        if not found:
            found = _first(_TEXT_TABLE, _first_words(description))
    if found == "genre" and re.search(
        r"music|song|band|beat|concert|playlist|audio", (tool + description).lower()
    ):
        return "music_genre"
    if found == "historical_event" and re.search(r"(?i)calendar|schedul|meeting|ticket|appointment", tool):
        return "subject_line"
    if found == "room_type" and not re.search(
        r"(?i)hotel|book|reserv|accommodation|resort", tool + description
    ):
        return "room"
    if found == "subject_line" and tokens[-1] == "title":
        return _first(_TITLED, tool.lower()) or found
    if found == "language" and re.search(r"(?i)programming|code|script", tool + description):
        return "prog_language"
    if found in ("currency", "language", "country", "airport", "state") and re.search(
        r"(?i)\bcode\b|abbreviation|ISO|two[- ]letter|three[- ]letter|IATA", description
    ):
        return f"{found}_code"
    if found == "unit" and re.search(r"(?i)temperature|celsius|fahrenheit|weather", tool + description):
        return "unit_temperature"
    if found in ("unit", "product") and re.search(r"(?i)cook|recipe|ingredient|bak(?:e|ing)", tool):
        return "kitchen_unit" if found == "unit" else "ingredient"
    if found == "season" and re.search(r"(?i)league|team|player|sport|match|game", tool + description):
        return "sport_season"
    if found == "model" or (
        found == "car" and not re.search(r"(?i)car|vehicle|auto|drive|fuel", tool + description)
    ):
        return "product_model"
    return found or "text"


def _text_kind(tokens: Sequence[str]) -> str:
    """The kind that the last words of a name speak of: a `museum_location` is a place, not a museum."""
    if len(tokens) > 1 and tokens[-1] in ("name", "names", "code", "type"):
        owner = _last(_TEXT_TABLE, " ".join(tokens[:-1]))
        if owner and (tokens[-1] != "code" or owner in _CODED):
            return owner
    return _last(_TEXT_TABLE, " ".join(tokens))


_CODED = frozenset(("currency", "language", "country", "airport", "state", "zip", "airline"))


def _last(table: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str:
    """The kind whose words end last in a text; of several, the one that stands higher."""
    best, most = "", 0
    for kind, pattern in table:
        for match in pattern.finditer(text):
            if match.end() > most:
                best, most = kind, match.end()
    return best


def _first(table: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str:
    return next((kind for kind, pattern in table if pattern.search(text)), "")


def _first_words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower())[:8])


def _is_span(name: str, description: str) -> bool:
    lowered = description.lower()
    return name.endswith("years") or bool(
        re.search(r"number of years|\byears\b(?! \d)|period in years", lowered)
    )
