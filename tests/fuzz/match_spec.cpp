// Each line is a MatchSpec.
#include "solver/spec/match_spec.hpp"

#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const CondaVersion version;
    for (const std::string_view line : fuzz::lines_of(fuzz::text_of(bytes, size))) {
        const auto spec = MatchSpec::parse(line);
        if (!spec) {
            FUZZ_CHECK(!spec.error().message.empty());
            continue;
        }
        const auto again = MatchSpec::parse(spec->text());
        if (!again || again->text() != spec->text()) {
            std::fprintf(stderr, "%s\n%s\n", spec->text().c_str(), again ? again->text().c_str() : "refused");
        }
        FUZZ_CHECK(again && again->text() == spec->text());
        MatchFields fields;
        fields.name = spec->name;
        fields.version = &version;
        FUZZ_CHECK(spec->matches(fields) == again->matches(fields));
    }
    return 0;
}
