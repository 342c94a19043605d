// Each line is a MatchSpec.
#include "solver/spec/match_spec.hpp"

#include <algorithm>

#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const CondaVersion version;
    for (const std::string_view line : fuzz::lines_of(fuzz::text_of(bytes, size))) {
        // Control characters: no reader of a document lets them through.
        if (std::ranges::any_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) continue;
        const auto spec = MatchSpec::parse(line);
        if (!spec) {
            FUZZ_CHECK(!spec.error().message.empty());
            continue;
        }
        const auto again = MatchSpec::parse(spec->text());
        FUZZ_CHECK(again.has_value());
        FUZZ_CHECK(again->text() == spec->text());
        MatchFields fields;
        fields.name = spec->name;
        fields.version = &version;
        FUZZ_CHECK(spec->matches(fields) == again->matches(fields));
    }
    return 0;
}
