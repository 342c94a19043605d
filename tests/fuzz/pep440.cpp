// Lines are PEP 440 versions and, behind a tab, specifier sets.
#include "solver/version/pep440_specifier.hpp"
#include "solver/version/pep440_version.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::vector<Pep440Version> versions;
    std::vector<SpecifierSet> sets;
    for (const std::string_view line : fuzz::lines_of(fuzz::text_of(bytes, size))) {
        if (line.starts_with('\t')) {
            if (auto set = SpecifierSet::parse(line.substr(1))) sets.push_back(*set);
            continue;
        }
        const auto version = Pep440Version::parse(line);
        if (!version) continue;
        for (const std::string& text : {version->text(), version->canonical_text()}) {
            const auto again = Pep440Version::parse(text);
            FUZZ_CHECK(again && *again == *version);
        }
        FUZZ_CHECK(Pep440Version::parse(version->text())->text() == version->text());
        FUZZ_CHECK(!version->without_local().has_local());
        FUZZ_CHECK(version->base() == version->base().base());
        if (versions.size() < 4) versions.push_back(*version);
    }
    fuzz::check_order(versions, [](const Pep440Version& v) { return std::string(v.key()); });
    for (const SpecifierSet& set : sets) {
        const auto again = SpecifierSet::parse(set.text());
        FUZZ_CHECK(again && again->text() == set.text());
        for (const Pep440Version& version : versions) {
            FUZZ_CHECK(set.admits(version) == again->admits(version));
            if (set.contains(version, false)) FUZZ_CHECK(set.contains(version, true));
        }
        const auto taken = set.filter(std::span<const Pep440Version>(versions));
        for (const std::size_t i : taken) FUZZ_CHECK(set.admits(versions[i]));
    }
    return 0;
}
