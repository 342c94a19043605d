#include "fetch/pypi/core_metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aimlock {
namespace {

using ::testing::ElementsAre;

TEST(CoreMetadata, RequirementsAfterALicenceTextWithBlankLinesAreRead) {
    const auto metadata = parse_core_metadata(
        "Metadata-Version: 2.1\nName: matplotlib\nVersion: 3.11.2\n"
        "License: License agreement\n        ====\n        \n        1. Whereas\n\t\n        2. Hereby\n"
        "Requires-Dist: contourpy>=1.0.1\nRequires-Dist: numpy>=1.25\n"
        "\nRequires-Dist: is-part-of-the-description\n",
        "matplotlib.metadata");
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_THAT(metadata->requires_dist, ElementsAre("contourpy>=1.0.1", "numpy>=1.25"));
}

TEST(CoreMetadata, TheHeaderEndsAtAnEmptyLineOfEitherLineEnding) {
    const auto metadata = parse_core_metadata(
        "Name: tool\r\nVersion: 1\r\nRequires-Dist: idna\r\n\r\nRequires-Dist: no\r\n", "tool.metadata");
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_THAT(metadata->requires_dist, ElementsAre("idna"));
}

}  // namespace
}  // namespace aimlock
