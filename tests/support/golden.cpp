#include "tests/support/golden.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace aimlock::testing {

void expect_golden(std::string_view name, std::string_view actual) {
    const std::filesystem::path file = std::filesystem::path(AIMLOCK_SOURCE_DIR) / "tests/golden" / name;
    if (const char* accept = std::getenv("AIMLOCK_ACCEPT");
        accept != nullptr && std::string_view(accept) == "1") {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << actual;
        GTEST_SKIP() << "accepted " << name << " as it is now";
    }
    std::ifstream in(file, std::ios::binary);
    ASSERT_TRUE(in) << "no golden file " << file << "; AIMLOCK_ACCEPT=1 writes it";
    const std::string expected{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(expected, actual) << "differs from tests/golden/" << name;
}

}  // namespace aimlock::testing
