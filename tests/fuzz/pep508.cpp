// Each line is a requirement; its marker is evaluated.
#include "solver/spec/requirement.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    MarkerEnvironment environment;
    environment.python_full_version = environment.implementation_version = "3.12.1";
    environment.python_version = "3.12";
    for (const std::string_view line : fuzz::lines_of(fuzz::text_of(bytes, size))) {
        const auto requirement = Requirement::parse(line);
        if (requirement) {
            const auto again = Requirement::parse(requirement->text());
            FUZZ_CHECK(again && again->text() == requirement->text());
            FUZZ_CHECK(again->name == requirement->name && again->extras == requirement->extras);
        } else {
            FUZZ_CHECK(requirement.error().pos.column <= line.size() + 1);
        }
        const auto marker = Marker::parse(line);
        if (!marker) continue;
        const auto again = Marker::parse(marker->text());
        FUZZ_CHECK(again && again->text() == marker->text());
        for (const char* extra : {"", "x"}) {
            FUZZ_CHECK(again->evaluate(environment, extra) == marker->evaluate(environment, extra));
        }
    }
    return 0;
}
