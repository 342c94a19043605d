#include "fetch/host_probe.hpp"

#include <gtest/gtest.h>

namespace aimlock {
namespace {

TEST(HostProbe, OverridesWinAndEmptyMeansNone) {
    Environment environment;
    environment.variables["CONDA_OVERRIDE_CUDA"] = "12.4";
    environment.variables["CONDA_OVERRIDE_GLIBC"] = "2.35";
    HostFacts facts = probe_host(environment);
    EXPECT_EQ(facts.cuda.value_or(""), "12.4");
    EXPECT_EQ(facts.glibc.value_or(""), "2.35");
    environment.variables["CONDA_OVERRIDE_CUDA"] = "";
    environment.variables["CONDA_OVERRIDE_GLIBC"] = "";
    facts = probe_host(environment);
    EXPECT_FALSE(facts.cuda);
    EXPECT_FALSE(facts.glibc);
}

TEST(HostProbe, KnowsThisMachine) {
    const HostFacts facts = probe_host({});
    EXPECT_FALSE(facts.platform.empty());
#if defined(__GLIBC__) && defined(__x86_64__)
    EXPECT_EQ(facts.platform, "linux-64");
    EXPECT_TRUE(facts.glibc.value_or("").starts_with("2."));
    EXPECT_TRUE(facts.archspec.starts_with("x86_64"));
#endif
}

}  // namespace
}  // namespace aimlock
