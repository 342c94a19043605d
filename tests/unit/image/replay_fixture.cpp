#include "tests/unit/image/replay_fixture.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

namespace aimlock::testing {

ReplayTest::ReplayTest() : prefix(folder.path() / "home/env") {
    folder.write("home/canary", "alive");
    std::filesystem::create_directory(folder.path() / "pool");
    LockTarget target;
    target.name = "cpu";
    target.platform = "linux-64";
    target.python_version = "3.12.7";
    target.python_site_packages_path = "lib/python3.12/site-packages";
    lock.targets.push_back(target);
    options.target = "cpu";
    options.prefix = prefix;
    options.threads = 2;
}

void ReplayTest::add(const CondaBuilder& package, bool bz2) {
    const std::string file =
        package.name + "-" + package.version + "-" + package.build + (bz2 ? ".tar.bz2" : ".conda");
    const std::string bytes = bz2 ? package.tar_bz2() : package.conda();
    folder.write("pool/" + file, bytes);
    LockPackage locked;
    locked.package.name = package.name;
    locked.package.version = package.version;
    locked.package.build = package.build;
    locked.package.subdir = package.noarch_python ? "noarch" : "linux-64";
    locked.package.url = "https://channel.example/main/" + locked.package.subdir + "/" + file;
    locked.package.sha256 = sha256_of(bytes);
    locked.package.size_bytes = bytes.size();
    locked.targets = {"cpu"};
    lock.packages.push_back(std::move(locked));
}

void ReplayTest::add_wheel(const std::string& name, const std::string& version, const Files& files) {
    add_wheel_bytes(name, version, wheel_of(name, version, files));
}

void ReplayTest::add_wheel_bytes(const std::string& name,
                                 const std::string& version,
                                 const std::string& bytes) {
    const std::string file = name + "-" + version + "-py3-none-any.whl";
    folder.write("pool/" + file, bytes);
    LockPackage locked;
    locked.package.kind = PackageKind::pypi;
    locked.package.name = name;
    locked.package.version = version;
    locked.package.url = "https://index.example/files/" + file;
    locked.package.sha256 = sha256_of(bytes);
    locked.package.size_bytes = bytes.size();
    locked.targets = {"cpu"};
    lock.packages.push_back(std::move(locked));
}

Result<InstallReport> ReplayTest::run() {
    FolderStore store(folder.path() / "pool", threads);
    SilentProgress progress;
    return install(lock, options, store, progress);
}

void ReplayTest::expect_refused(const std::string& message) {
    const auto before = tree();
    for (const char* store : {"", "cache/unpacked"}) {
        options.unpacked = *store == '\0' ? std::filesystem::path() : folder.path() / store;
        const auto report = run();
        ASSERT_FALSE(report) << "was installed";
        EXPECT_THAT(report.error().message, ::testing::HasSubstr(message));
        EXPECT_EQ(before, tree()) << "something was written";
    }
    options.unpacked.clear();
}

std::string ReplayTest::text(const std::string& path) const {
    std::ifstream in(prefix / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool ReplayTest::exists(const std::string& path) const {
    return std::filesystem::exists(std::filesystem::symlink_status(prefix / path));
}

std::map<std::string, std::string> ReplayTest::tree() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        const std::string path = entry.path().lexically_relative(folder.path()).string();
        // The store and the listing hold times.
        if (path.starts_with("pool") || path.starts_with("cache") || path.ends_with("/aimlock-files"))
            continue;
        std::string content;
        if (entry.is_symlink()) {
            content = "-> " + std::filesystem::read_symlink(entry.path()).string();
        } else if (entry.is_regular_file()) {
            std::ifstream in(entry.path(), std::ios::binary);
            content.assign(std::istreambuf_iterator<char>(in), {});
        }
        found[path] = content;
    }
    return found;
}

}  // namespace aimlock::testing
