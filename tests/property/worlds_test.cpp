// Random small worlds of both ecosystems against exhaustive search: the solver finds an answer exactly where
// there is one; the answer breaks no rule and is the best there is; a refusal names a minimal core, and every
// edit that it prints solves.
//
// AIMLOCK_WORLDS=COUNT and AIMLOCK_WORLDS_SEED=FIRST choose other worlds than the ones of every test run.
#include <cstdlib>
#include <iostream>
#include <map>

#include <gtest/gtest.h>

#include "tests/property/verdict.hpp"

namespace aimlock::testing {
namespace {

unsigned number_in(const char* variable, unsigned otherwise) {
    const char* asked = std::getenv(variable);
    return asked != nullptr ? static_cast<unsigned>(std::strtoul(asked, nullptr, 10)) : otherwise;
}

TEST(RandomWorlds, AgreeWithExhaustiveSearch) {
    const unsigned count = number_in("AIMLOCK_WORLDS", 5000);
    const unsigned first = number_in("AIMLOCK_WORLDS_SEED", 1);
    const unsigned most_shown = number_in("AIMLOCK_WORLDS_SHOWN", 1);
    unsigned solvable = 0, optima = 0, cores = 0, too_large = 0, mismatches = 0;
    int repairs = 0;
    std::map<std::string, unsigned> kinds;
    for (unsigned seed = first; seed < first + count; ++seed) {
        const World world = random_world(seed);
        const Verdict verdict = judge(world);
        solvable += verdict.solvable ? 1 : 0;
        optima += verdict.optimum_compared ? 1 : 0;
        cores += verdict.core_compared ? 1 : 0;
        too_large += verdict.too_large ? 1 : 0;
        repairs += verdict.repairs;
        if (verdict.mismatch.empty()) continue;
        ++mismatches;
        const std::string kind = verdict.mismatch.substr(0, verdict.mismatch.find(':'));
        if (++kinds[kind] > most_shown) continue;
        const World smallest = shrunk(world, verdict.mismatch);
        ADD_FAILURE() << "world " << seed << ": " << verdict.mismatch
                      << "\nsmallest: " << judge(smallest).mismatch << "\n"
                      << smallest.as_code();
    }
    for (const auto& [kind, times] : kinds) std::cout << kind << ": " << times << "\n";
    std::cout << "random worlds: " << count << " tried from " << first << ", " << solvable << " solvable, "
              << optima << " optima and " << cores << " cores compared, " << repairs << " repairs applied, "
              << too_large << " too large, " << mismatches << " mismatches\n";
    EXPECT_EQ(mismatches, 0U);
}

}  // namespace
}  // namespace aimlock::testing
