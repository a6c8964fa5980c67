/* Comparable values of literals and of free text, in Chinese and English: a number (digits or
 * Chinese numerals, with 万 and 亿), maybe a range, and the unit that follows or precedes it; or a
 * date. A small scanner; each part takes a cursor and moves it only when it matches. Bounds that
 * are open ("以上", "at least") are infinite, percentages end at 0 and 100. See term.h. */
#include <math.h>

#include "core/utf8.h"
#include "kg/internal.h"

typedef struct cursor {
    str text;
    size_t at;
} cursor;

static uint32_t peek(const cursor *c, size_t *bytes)
{
    uint32_t point = 0;
    *bytes = utf8_decode(c->text.data + c->at, c->text.length - c->at, &point);
    if (*bytes == 0)
        return 0;
    return point >= 0xff01 && point <= 0xff5e ? point - 0xfee0 : point; /* full width */
}

static char lower(char ch)
{
    return ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
}

static bool take(cursor *c, const char *word)
{
    if (c->at >= c->text.length || lower(c->text.data[c->at]) != word[0])
        return false; /* nearly always */
    size_t n = strlen(word);
    if (c->at + n > c->text.length)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(c->text.data[c->at + i]) != word[i])
            return false;
    c->at += n;
    return true;
}

/* An English word must end where a word ends. */
static bool take_word(cursor *c, const char *word)
{
    size_t start = c->at;
    if (!take(c, word))
        return false;
    char last = word[strlen(word) - 1];
    char next = c->at < c->text.length ? lower(c->text.data[c->at]) : ' ';
    if (last >= 'a' && last <= 'z' && next >= 'a' && next <= 'z') {
        c->at = start;
        return false;
    }
    return true;
}

static bool take_any(cursor *c, const char *const *words)
{
    for (; *words != NULL; words++)
        if (take_word(c, *words))
            return true;
    return false;
}

static void skip_space(cursor *c)
{
    while (take(c, " ") || take(c, "\t") || take(c, "　") || take(c, "\n"))
        continue;
}

/* --- numbers -----------------------------------------------------------------------------------
 */
static int digit_of(uint32_t c)
{
    static const uint32_t digits[] = {0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                      0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d};
    for (int i = 0; i < 10; i++)
        if (digits[i] == c)
            return i;
    return c == 0x4e24 ? 2 : c == 0x3007 ? 0 : -1; /* 两, 〇 */
}

static double power_of(uint32_t c)
{
    switch (c) {
    case 0x5341: /* 十 */
        return 10;
    case 0x767e: /* 百 */
        return 100;
    case 0x5343: /* 千 */
        return 1000;
    case 0x4e07: /* 万 */
        return 1e4;
    case 0x4ebf: /* 亿 */
        return 1e8;
    default:
        return 0;
    }
}

/* 五千三百, 十二, 两万, 二〇二三. */
static bool chinese_number(cursor *c, double *out)
{
    double total = 0, section = 0, plain = 0;
    int digit = -1, run = 0;
    size_t start = c->at, bytes;
    bool powers = false;
    for (;;) {
        uint32_t point = peek(c, &bytes);
        int d = bytes == 3 ? digit_of(point) : -1;
        double power = bytes == 3 ? power_of(point) : 0;
        if (d >= 0) {
            plain = plain * 10 + d;
            run++;
            digit = d;
        } else if (power >= 1e4 && (digit >= 0 || section > 0 || total > 0)) {
            double part = section + (digit > 0 ? digit : 0);
            total = total > power ? total + part * power : (total + part) * power; /* 三亿五千万 */
            section = 0;
            digit = -1;
            powers = true;
        } else if (power > 0 && power < 1e4) {
            section += (digit < 0 ? 1 : digit) * power;
            digit = -1;
            powers = true;
        } else {
            break;
        }
        c->at += bytes;
    }
    if (c->at == start)
        return false;
    *out = powers ? total + section + (digit > 0 ? digit : 0) : plain;
    return powers || run > 0;
}

static bool ascii_number(cursor *c, double *out)
{
    char digits[64];
    size_t n = 0, start = c->at, bytes;
    bool point_seen = false, any = false;
    uint32_t point = peek(c, &bytes);
    if (point == '-' || point == '+') {
        digits[n++] = (char)point;
        c->at += bytes;
    }
    for (;;) {
        point = peek(c, &bytes);
        cursor ahead = {c->text, c->at + bytes};
        size_t next_bytes;
        uint32_t next = peek(&ahead, &next_bytes);
        bool digit_next = next >= '0' && next <= '9';
        if (point >= '0' && point <= '9')
            any = true;
        else if (point == ',' && any && digit_next && !point_seen)
            point = 0;
        else if (point == '.' && any && digit_next && !point_seen)
            point_seen = true;
        else
            break;
        if (point != 0 && n < sizeof digits)
            digits[n++] = (char)point;
        c->at += bytes;
    }
    if (!any || n == sizeof digits || !str_to_double(str_make(digits, n), out)) {
        c->at = start;
        return false;
    }
    return true;
}

/* A number with what scales it: 3.5万, 2 million, 半. */
static bool number(cursor *c, double *out)
{
    if (take(c, "半")) {
        *out = 0.5;
        return true;
    }
    if (!ascii_number(c, out))
        return chinese_number(c, out);
    cursor after = *c;
    skip_space(&after);
    static const struct {
        const char *word;
        double scale;
    } scales[] = {{"百万", 1e6}, {"千万", 1e7},     {"万亿", 1e12},   {"万", 1e4},     {"亿", 1e8},
                  {"千", 1e3},   {"thousand", 1e3}, {"million", 1e6}, {"billion", 1e9}};
    for (size_t i = 0; i < CORE_COUNT(scales); i++) {
        cursor try = scales[i].word[0] < 0 ? *c : after;
        if (take(&try, "千克") || take(&try, "千米"))
            break;
        if (take_word(&try, scales[i].word)) {
            *out *= scales[i].scale;
            *c = try;
            break;
        }
    }
    return true;
}

/* --- units
 * ---------------------------------------------------------------------------------------- */
typedef struct unit {
    const char *word;
    kg_value_kind kind;
    double scale; /* durations: in days; money and numbers: a factor */
    const char *symbol;
} unit;

static const unit units[] = {
    {"%", KG_VALUE_PERCENT, 1, "%"},
    {"％", KG_VALUE_PERCENT, 1, "%"},
    {"percent", KG_VALUE_PERCENT, 1, "%"},
    {"per cent", KG_VALUE_PERCENT, 1, "%"},
    {"小时", KG_VALUE_DURATION, 1.0 / 24, "hour"},
    {"hours", KG_VALUE_DURATION, 1.0 / 24, "hour"},
    {"hour", KG_VALUE_DURATION, 1.0 / 24, "hour"},
    {"分钟", KG_VALUE_DURATION, 1.0 / 1440, "minute"},
    {"minutes", KG_VALUE_DURATION, 1.0 / 1440, "minute"},
    {"minute", KG_VALUE_DURATION, 1.0 / 1440, "minute"},
    {"个工作日", KG_VALUE_DURATION, 1, "working day"},
    {"工作日", KG_VALUE_DURATION, 1, "working day"},
    {"working days", KG_VALUE_DURATION, 1, "working day"},
    {"working day", KG_VALUE_DURATION, 1, "working day"},
    {"天", KG_VALUE_DURATION, 1, "day"},
    {"日", KG_VALUE_DURATION, 1, "day"},
    {"days", KG_VALUE_DURATION, 1, "day"},
    {"day", KG_VALUE_DURATION, 1, "day"},
    {"个星期", KG_VALUE_DURATION, 7, "week"},
    {"星期", KG_VALUE_DURATION, 7, "week"},
    {"周", KG_VALUE_DURATION, 7, "week"},
    {"weeks", KG_VALUE_DURATION, 7, "week"},
    {"week", KG_VALUE_DURATION, 7, "week"},
    {"个月", KG_VALUE_DURATION, 30, "month"},
    {"個月", KG_VALUE_DURATION, 30, "month"},
    {"月", KG_VALUE_DURATION, 30, "month"},
    {"months", KG_VALUE_DURATION, 30, "month"},
    {"month", KG_VALUE_DURATION, 30, "month"},
    {"周年", KG_VALUE_DURATION, 365, "year"},
    {"年", KG_VALUE_DURATION, 365, "year"},
    {"years", KG_VALUE_DURATION, 365, "year"},
    {"year", KG_VALUE_DURATION, 365, "year"},
    {"元人民币", KG_VALUE_MONEY, 1, "CNY"},
    {"人民币", KG_VALUE_MONEY, 1, "CNY"},
    {"美元", KG_VALUE_MONEY, 1, "USD"},
    {"美金", KG_VALUE_MONEY, 1, "USD"},
    {"欧元", KG_VALUE_MONEY, 1, "EUR"},
    {"日元", KG_VALUE_MONEY, 1, "JPY"},
    {"港元", KG_VALUE_MONEY, 1, "HKD"},
    {"英镑", KG_VALUE_MONEY, 1, "GBP"},
    {"元", KG_VALUE_MONEY, 1, "CNY"},
    {"圆", KG_VALUE_MONEY, 1, "CNY"},
    {"yuan", KG_VALUE_MONEY, 1, "CNY"},
    {"rmb", KG_VALUE_MONEY, 1, "CNY"},
    {"cny", KG_VALUE_MONEY, 1, "CNY"},
    {"dollars", KG_VALUE_MONEY, 1, "USD"},
    {"dollar", KG_VALUE_MONEY, 1, "USD"},
    {"usd", KG_VALUE_MONEY, 1, "USD"},
    {"euros", KG_VALUE_MONEY, 1, "EUR"},
    {"euro", KG_VALUE_MONEY, 1, "EUR"},
    {"eur", KG_VALUE_MONEY, 1, "EUR"},
    {"mg", KG_VALUE_NUMBER, 1, "mg"},
    {"毫克", KG_VALUE_NUMBER, 1, "mg"},
    {"kg", KG_VALUE_NUMBER, 1, "kg"},
    {"公斤", KG_VALUE_NUMBER, 1, "kg"},
    {"千克", KG_VALUE_NUMBER, 1, "kg"},
    {"克", KG_VALUE_NUMBER, 1, "g"},
    {"ml", KG_VALUE_NUMBER, 1, "ml"},
    {"毫升", KG_VALUE_NUMBER, 1, "ml"},
    {"cm", KG_VALUE_NUMBER, 1, "cm"},
    {"厘米", KG_VALUE_NUMBER, 1, "cm"},
    {"km", KG_VALUE_NUMBER, 1, "km"},
    {"公里", KG_VALUE_NUMBER, 1, "km"},
    {"千米", KG_VALUE_NUMBER, 1, "km"},
    {"mm", KG_VALUE_NUMBER, 1, "mm"},
    {"米", KG_VALUE_NUMBER, 1, "m"},
    {"°c", KG_VALUE_NUMBER, 1, "°C"},
    {"℃", KG_VALUE_NUMBER, 1, "°C"},
    {"岁", KG_VALUE_NUMBER, 1, "year of age"},
    {"周岁", KG_VALUE_NUMBER, 1, "year of age"},
    {"人", KG_VALUE_NUMBER, 1, "person"},
    {"倍", KG_VALUE_NUMBER, 1, "times"},
    {"次", KG_VALUE_NUMBER, 1, "times"},
};

static const unit *unit_after(cursor *c)
{
    const unit *best = NULL;
    cursor end = *c;
    for (size_t i = 0; i < CORE_COUNT(units); i++) {
        cursor try = *c;
        if (!(units[i].word[0] & 0x80))
            skip_space(&try);
        if (take_word(&try, units[i].word) && (best == NULL || try.at > end.at)) {
            best = &units[i];
            end = try;
        }
    }
    *c = end;
    return best;
}

static const char *currency_before(cursor *c)
{
    static const struct {
        const char *word, *symbol;
    } signs[] = {{"￥", "CNY"}, {"¥", "CNY"}, {"人民币", "CNY"}, {"rmb", "CNY"}, {"us$", "USD"},
                 {"$", "USD"},  {"€", "EUR"}, {"£", "GBP"},      {"usd", "USD"}, {"cny", "CNY"}};
    for (size_t i = 0; i < CORE_COUNT(signs); i++) {
        if (take_word(c, signs[i].word)) {
            skip_space(c);
            return signs[i].symbol;
        }
    }
    return NULL;
}

/* --- dates
 * ------------------------------------------------------------------------------------------ */
static bool small_int(cursor *c, size_t least, size_t most, int *out)
{
    size_t n = 0, bytes;
    int value = 0;
    for (; n < most; n++) {
        uint32_t point = peek(c, &bytes);
        if (point < '0' || point > '9')
            break;
        value = value * 10 + (int)(point - '0');
        c->at += bytes;
    }
    *out = value;
    return n >= least;
}

static bool date_range(int year, int month, int day, kg_value *out)
{
    clock_day low, high;
    if (!clock_day_from_civil(year, month == 0 ? 1 : month, day == 0 ? 1 : day, &low))
        return false;
    high = low;
    bool ok = day > 0 ||
              (month > 0 && (month == 12 ? clock_day_from_civil(year + 1, 1, 1, &high)
                                         : clock_day_from_civil(year, month + 1, 1, &high))) ||
              (month == 0 && clock_day_from_civil(year + 1, 1, 1, &high));
    if (!ok)
        return false;
    *out = (kg_value){KG_VALUE_DATE, low, day > 0 ? low : high - 1, str_make("", 0)};
    return true;
}

/* 2023-12-29, 2023/12/29, with a time behind it; 2023-12 needs `bare`. */
static bool numeric_date(cursor *c, bool bare, kg_value *out)
{
    cursor try = *c;
    int year, month = 0, day = 0;
    if (!small_int(&try, 4, 4, &year))
        return false;
    const char *separator = take(&try, "-") ? "-" : take(&try, "/") ? "/" : NULL;
    if (separator == NULL || !small_int(&try, 1, 2, &month) || month < 1 || month > 12)
        return false;
    cursor month_end = try;
    if (!take(&try, separator) || !small_int(&try, 1, 2, &day)) {
        try = month_end;
        day = 0;
        if (!bare)
            return false;
    }
    size_t bytes;
    uint32_t next = peek(&try, &bytes);
    if (day > 0 && (next == 'T' || next == 't')) {
        while (try.at < try.text.length &&
               strchr("0123456789:.+-TtZz", try.text.data[try.at]) != NULL)
            try.at++;
    } else if (next >= '0' && next <= '9') {
        return false;
    }
    if (!date_range(year, month, day, out))
        return false;
    *c = try;
    return true;
}

static bool han_int(cursor *c, int *out)
{
    double value;
    size_t start = c->at;
    if (small_int(c, 1, 4, out))
        return true;
    c->at = start;
    if (!chinese_number(c, &value) || value > 9999) {
        c->at = start;
        return false;
    }
    *out = (int)value;
    return true;
}

/* 2023年12月29日, 2023年12月, 2023年, 二〇二三年. */
static bool chinese_date(cursor *c, kg_value *out)
{
    cursor try = *c;
    int year, month = 0, day = 0;
    if (!han_int(&try, &year) || year < 1000 || !take(&try, "年"))
        return false;
    (void)(take(&try, "度") || take(&try, "份"));
    cursor end = try;
    if (han_int(&try, &month) && (take(&try, "月份") || take(&try, "月")) && month >= 1 &&
        month <= 12) {
        end = try;
        if (han_int(&try, &day) && (take(&try, "日") || take(&try, "号")))
            end = try;
        else
            day = 0;
    } else {
        month = 0;
    }
    if (!date_range(year, month, day, out))
        return false;
    *c = end;
    return true;
}

static int month_name(cursor *c)
{
    static const char *const names[] = {"january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december"};
    for (int i = 0; i < 12; i++) {
        char brief[4] = {names[i][0], names[i][1], names[i][2], 0};
        if (take_word(c, names[i]) || take_word(c, brief)) {
            (void)take(c, ".");
            skip_space(c);
            return i + 1;
        }
    }
    return 0;
}

/* December 29, 2023; 29 December 2023; December 2023. */
static bool english_date(cursor *c, kg_value *out)
{
    cursor try = *c;
    int year, month, day = 0;
    if (small_int(&try, 1, 2, &day)) {
        (void)(take(&try, "th") || take(&try, "st") || take(&try, "nd") || take(&try, "rd"));
        skip_space(&try);
    }
    month = month_name(&try);
    if (month == 0)
        return false;
    if (day == 0) {
        cursor before = try;
        if (small_int(&try, 1, 2, &day)) {
            (void)(take(&try, "th") || take(&try, "st") || take(&try, "nd") || take(&try, "rd"));
            if (!take(&try, ",") && !take(&try, " ")) {
                try = before; /* the digits begin a year */
                day = 0;
            }
            skip_space(&try);
        }
    }
    (void)take(&try, ",");
    skip_space(&try);
    if (!small_int(&try, 4, 4, &year) || !date_range(year, month, day, out))
        return false;
    *c = try;
    return true;
}

/* --- whole values
 * --------------------------------------------------------------------------------- */
static const char *const range_words[] = {"——", "—",  "–",  "－",  "～", "~",
                                          "-",  "至", "到", "to ", NULL};

static bool take_range(cursor *c)
{
    cursor try = *c;
    skip_space(&try);
    for (const char *const *word = range_words; *word != NULL; word++) {
        if (take(&try, *word)) {
            while (take(&try, "—") || take(&try, "-"))
                continue;
            skip_space(&try);
            *c = try;
            return true;
        }
    }
    return false;
}

static void apply_unit(const unit *u, double *value)
{
    if (u != NULL && u->kind == KG_VALUE_DURATION)
        *value *= u->scale;
}

/* "百分之八十五" */
static bool percent_words(cursor *c, kg_value *out)
{
    double low, high;
    cursor try = *c;
    if (!take(&try, "百分之") || !number(&try, &low))
        return false;
    high = low;
    cursor second = try;
    if (take_range(&second) && (take(&second, "百分之") || true) && number(&second, &high))
        try = second;
    else
        high = low;
    *out = (kg_value){KG_VALUE_PERCENT, low, high, STR("%")};
    *c = try;
    return true;
}

/* number [unit] [range number unit] */
static bool measure(cursor *c, kg_value *out)
{
    cursor try = *c;
    double low, high;
    const char *currency = currency_before(&try);
    if (!number(&try, &low))
        return false;
    const unit *first = unit_after(&try), *second = NULL;
    bool half = first != NULL && take(&try, "半"); /* 一年半 */
    if (half)
        low += 0.5;
    high = low;
    cursor ahead = try;
    if (take_range(&ahead)) {
        (void)currency_before(&ahead);
        size_t bytes;
        uint32_t sign = peek(&ahead, &bytes);
        if (sign != '-' && sign != '+' && number(&ahead, &high)) {
            try = ahead;
            second = unit_after(&try);
        } else {
            high = low;
        }
    }
    const unit *u = second != NULL ? second : first;
    apply_unit(first != NULL ? first : u, &low);
    apply_unit(u, &high);
    if (high < low) {
        double swap = low;
        low = high;
        high = swap;
    }
    *out = (kg_value){u == NULL ? KG_VALUE_NUMBER : u->kind, low, high,
                      str_from(u == NULL ? "" : u->symbol)};
    if (u == NULL && currency != NULL)
        *out = (kg_value){KG_VALUE_MONEY, low, high, str_from(currency)};
    *c = try;
    return true;
}

static bool scan_value(cursor *c, bool bare, kg_value *out)
{
    return numeric_date(c, bare, out) || chinese_date(c, out) || english_date(c, out) ||
           percent_words(c, out) || measure(c, out);
}

static const char *const about[] = {"约为",          "大约",   "约",  "大概", "近", "将近", "about",
                                    "approximately", "around", "ca.", "~",    "～", NULL};
static const char *const at_least[] = {"不少于", "至少", "不低于", "超过",     "大于",
                                       "多于",   "高于", "不小于", "at least", "more than",
                                       "over",   ">=",   "≥",      ">",        NULL};
static const char *const at_most[] = {"不超过", "不多于", "至多",   "最多",    "低于",      "小于",
                                      "少于",   "不高于", "不大于", "at most", "less than", "up to",
                                      "<=",     "≤",      "<",      NULL};
static const char *const and_more[] = {"以上", "及以上", "or more", "or longer", "+", NULL};
static const char *const and_less[] = {"以下", "以内", "之内", "or less", NULL};
static const char *const around[] = {"左右", "上下", "不等", NULL};

static void open_up(kg_value *value, bool more, bool less)
{
    if (value->kind == KG_VALUE_DATE || value->low < value->high)
        return; /* "six months to three years at most" has both its bounds */
    if (more)
        value->high = value->kind == KG_VALUE_PERCENT ? 100 : INFINITY;
    if (less)
        value->low = 0;
}

/* The value with the words around it. */
static bool bounded_value(cursor *c, bool bare, kg_value *out)
{
    cursor try = *c;
    (void)take_any(&try, about);
    skip_space(&try);
    bool more = take_any(&try, at_least), less = !more && take_any(&try, at_most);
    skip_space(&try);
    if (!scan_value(&try, bare, out))
        return false;
    cursor after = try;
    skip_space(&after);
    bool spaced = after.at < after.text.length && !(after.text.data[after.at] & 0x80);
    cursor *tail = spaced ? &after : &try;
    if (take_any(tail, and_more)) {
        more = true;
        try = *tail;
    } else if (take_any(tail, and_less)) {
        less = true;
        try = *tail;
    } else {
        (void)take_any(&try, around);
    }
    open_up(out, more, less);
    *c = try;
    return true;
}

static bool whole_value(str text, kg_value *out)
{
    cursor c = {text, 0};
    skip_space(&c);
    (void)(take(&c, "（") || take(&c, "("));
    kg_value value;
    if (!bounded_value(&c, true, &value))
        return false;
    (void)(take(&c, "）") || take(&c, ")"));
    (void)(take(&c, "。") || take(&c, "."));
    skip_space(&c);
    if (c.at != text.length)
        return false;
    *out = value;
    return true;
}

static bool starts_value(str text, size_t at)
{
    /* Not inside a number or a Latin word. */
    if (at == 0)
        return true;
    char before = lower(text.data[at - 1]);
    return !(before >= '0' && before <= '9') && !(before >= 'a' && before <= 'z') && before != '.';
}

bool kg_value_find(str text, size_t from, kg_value *out, size_t *start, size_t *end)
{
    for (size_t at = from; at < text.length;) {
        cursor c = {text, at};
        size_t bytes;
        (void)peek(&c, &bytes);
        kg_value value;
        if (starts_value(text, at) && bounded_value(&c, false, &value)) {
            *out = value;
            *start = at;
            *end = c.at;
            return true;
        }
        at += bytes;
    }
    return false;
}

/* --- literals by datatype
 * ----------------------------------------------------------------------------- */
static bool is_numeric(str type)
{
    static const char *const types[] = {"integer",
                                        "decimal",
                                        "double",
                                        "float",
                                        "int",
                                        "long",
                                        "short",
                                        "byte",
                                        "nonNegativeInteger",
                                        "positiveInteger",
                                        "negativeInteger",
                                        "nonPositiveInteger",
                                        "unsignedInt",
                                        "unsignedLong",
                                        "unsignedShort",
                                        "unsignedByte"};
    for (size_t i = 0; i < CORE_COUNT(types); i++)
        if (str_equal(type, str_from(types[i])))
            return true;
    return false;
}

/* xsd:duration: PnYnMnDTnHnMnS, in days. */
static bool iso_duration(str text, double *out)
{
    static const char letters[] = "YMDHMS";
    static const double days[] = {365, 30, 1, 1.0 / 24, 1.0 / 1440, 1.0 / 86400};
    cursor c = {text, 0};
    bool negative = take(&c, "-"), any = false, time = false;
    double total = 0, value;
    if (!take(&c, "p"))
        return false;
    for (size_t part = 0; c.at < text.length;) {
        if (!time && take(&c, "t")) {
            time = true;
            part = 3;
            continue;
        }
        if (!ascii_number(&c, &value) || c.at >= text.length)
            return false;
        size_t last = time ? 6 : 3;
        while (part < last && letters[part] != text.data[c.at])
            part++;
        if (part == last)
            return false;
        total += value * days[part++];
        any = true;
        c.at++;
    }
    *out = negative ? -total : total;
    return any;
}

static bool typed_value(str lexical, str type, kg_value *out)
{
    double number_value;
    if (is_numeric(type) && str_to_double(str_trim(lexical), &number_value)) {
        *out = (kg_value){KG_VALUE_NUMBER, number_value, number_value, str_make("", 0)};
        return true;
    }
    if (str_equal(type, STR("boolean"))) {
        bool yes = str_equal(lexical, STR("true")) || str_equal(lexical, STR("1"));
        bool no = str_equal(lexical, STR("false")) || str_equal(lexical, STR("0"));
        *out = (kg_value){KG_VALUE_BOOL, yes, yes, str_make("", 0)};
        return yes || no;
    }
    if (str_equal(type, STR("duration")) || str_equal(type, STR("dayTimeDuration")) ||
        str_equal(type, STR("yearMonthDuration"))) {
        if (!iso_duration(lexical, &number_value))
            return false;
        *out = (kg_value){KG_VALUE_DURATION, number_value, number_value, STR("day")};
        return true;
    }
    int year;
    cursor c = {lexical, 0};
    if (str_equal(type, STR("gYear")))
        return small_int(&c, 4, 4, &year) && date_range(year, 0, 0, out);
    if (str_equal(type, STR("date")) || str_equal(type, STR("dateTime")) ||
        str_equal(type, STR("gYearMonth")))
        return numeric_date(&c, true, out);
    return false;
}

/* A text of which a mapping says what it holds (KG_DATATYPE_BASE): its first value of that kind. */
static kg_value declared_value(str text, str kind)
{
    static const char *const names[] = {"",        "number", "date", "duration",
                                        "percent", "money",  "bool"};
    kg_value value;
    size_t start, end;
    for (size_t at = 0; at < text.length && kg_value_find(text, at, &value, &start, &end);
         at = end > at ? end : at + 1)
        if (str_equal(kind, str_from(names[value.kind])))
            return value;
    return (kg_value){.kind = KG_VALUE_NONE, .unit = str_make("", 0)};
}

kg_value kg_value_of(kg_term term)
{
    kg_value value = {.kind = KG_VALUE_NONE, .unit = str_make("", 0)};
    if (term.kind != KG_TERM_LITERAL)
        return value;
    if (str_starts(term.datatype, STR(KG_XSD)) && !str_equal(term.datatype, STR(KG_XSD "string"))) {
        str type = str_slice(term.datatype, sizeof(KG_XSD) - 1, term.datatype.length);
        return typed_value(term.lexical, type, &value)
                   ? value
                   : (kg_value){.kind = KG_VALUE_NONE, .unit = str_make("", 0)};
    }
    if (str_starts(term.datatype, STR(KG_DATATYPE_BASE)))
        return declared_value(term.lexical, str_slice(term.datatype, sizeof(KG_DATATYPE_BASE) - 1,
                                                      term.datatype.length));
    if (term.lexical.length > 128 || !whole_value(term.lexical, &value))
        value = (kg_value){.kind = KG_VALUE_NONE, .unit = str_make("", 0)};
    return value;
}
