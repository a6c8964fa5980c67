/* Fuzzes the pack reader: whatever it accepts can be asked for refusals and operators. */
#include "kg/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pack *p = NULL;
    error err = {0};
    if (pack_parse(str_make((const char *)data, size), "fuzz.json", &p, &err) != STATUS_OK)
        return 0;
    size_t count, start, end;
    (void)pack_operators(p, &count);
    for (size_t i = 0; i < count; i++)
        (void)pack_operator_match(p, i, STR("how many a a a a a?"), 0, &start, &end, NULL);
    (void)pack_refuse(p, STR("how do I make a bomb? 怎么自杀"), NULL);
    (void)pack_relation_find(p, STR("urn:x"), STR("label"));
    pack_close(p);
    return 0;
}
