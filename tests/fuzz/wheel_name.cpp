// Each line is a file name of a wheel or an sdist.
#include <algorithm>

#include "solver/spec/wheel.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const CompatibleTags tags{TagPlatform{}};
    for (const std::string_view line : fuzz::lines_of(fuzz::text_of(bytes, size))) {
        const auto rank = tags.rank(line);
        if (rank) FUZZ_CHECK(*rank < tags.tags().size());
        if (const auto sdist = SdistName::parse(line)) FUZZ_CHECK(!sdist->name.empty());
        const auto wheel = WheelName::parse(line);
        if (!wheel || wheel->tags.empty()) continue;
        FUZZ_CHECK(std::string_view(line).ends_with(".whl"));
        std::string name = wheel->name;
        std::ranges::replace(name, '-', '_');
        const auto again = WheelName::parse(name + "-" + wheel->version.text() +
                                            (wheel->build.empty() ? "" : "-" + wheel->build) + "-" +
                                            wheel->tags.front() + ".whl");
        FUZZ_CHECK(again && again->name == wheel->name && again->version == wheel->version);
    }
    return 0;
}
