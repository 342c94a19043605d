// Lines are conda versions and, behind a tab, ranges.
#include "solver/version/conda_version.hpp"

#include "solver/version/conda_range.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::vector<CondaVersion> versions;
    std::vector<CondaRange> ranges;
    for (const std::string_view line : fuzz::lines_of(fuzz::text_of(bytes, size))) {
        if (line.starts_with('\t')) {
            if (auto range = CondaRange::parse(line.substr(1))) ranges.push_back(*range);
            continue;
        }
        const auto version = CondaVersion::parse(line);
        if (!version) continue;
        const auto again = CondaVersion::parse(version->text());
        FUZZ_CHECK(again && *again == *version && again->text() == version->text());
        const auto normalized = CondaVersion::parse(version->normalized_text());
        FUZZ_CHECK(normalized && *normalized == *version);
        FUZZ_CHECK(version->starts_with(*version));
        if (versions.size() < 4) versions.push_back(*version);
    }
    fuzz::check_order(versions, [](const CondaVersion& v) { return std::string(v.key()); });
    for (const CondaRange& range : ranges) {
        const auto again = CondaRange::parse(range.text());
        FUZZ_CHECK(again && again->text() == range.text());
        for (const CondaVersion& version : versions) {
            FUZZ_CHECK(again->contains(version) == range.contains(version));
            if (range.exact() != nullptr) FUZZ_CHECK(range.contains(version) == (*range.exact() == version));
        }
    }
    return 0;
}
