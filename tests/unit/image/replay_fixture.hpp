#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "image/replay/install.hpp"
#include "tests/support/archive_builder.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/image/folder_store.hpp"

namespace aimlock::testing {

/// A folder with a pool of archives, a canary beside the prefix, and a lock that grows by what a test adds.
class ReplayTest : public ::testing::Test {
protected:
    using Files = std::vector<std::pair<std::string, std::string>>;

    ReplayTest();
    void add(const CondaBuilder& package, bool bz2 = false);
    /// A wheel of these files with true metadata.
    void add_wheel(const std::string& name, const std::string& version, const Files& files);
    /// A wheel of these bytes.
    void add_wheel_bytes(const std::string& name, const std::string& version, const std::string& bytes);
    /// A lock of no packages.
    void start_over() { lock.packages.clear(); }

    Result<InstallReport> run();
    /// Installs what was added last, in one pass and through a store; both must be refused with `message`,
    /// leaving everything as it was.
    void expect_refused(const std::string& message);

    [[nodiscard]] std::string text(const std::string& path) const;
    [[nodiscard]] bool exists(const std::string& path) const;
    /// Every path outside the pool with its content or link.
    [[nodiscard]] std::map<std::string, std::string> tree() const;

    TempDir folder;
    std::filesystem::path prefix;
    Lock lock;
    InstallOptions options;
    unsigned threads = 2;
};

inline const std::string site = "lib/python3.12/site-packages/";

}  // namespace aimlock::testing
