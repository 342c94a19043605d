#include "lock/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/lock/sample_lock.hpp"

namespace aimlock::testing {
namespace {

using ::testing::IsEmpty;

constexpr const char* site = "lib/python3.12/site-packages";

/// The prefix that a right install of sample_lock()'s target gpu gives.
class AuditOfPrefix : public ::testing::Test {
protected:
    AuditOfPrefix() {
        install(0, "conda-meta/numpy-1.26.4-py312heda63a1_0.json",
                {path("numpy/__init__.py"), path("numpy/core.so"), path("numpy-1.26.4.dist-info/RECORD")});
        install(1, "conda-meta/python-3.12.7-hc5c86c4_0_cpython.json",
                {"bin/python3.12", "lib/libpython3.12.so.1.0"});
        install(2, path("thinc-8.2.5.dist-info/RECORD"),
                {path("thinc/__init__.py"), path("thinc/layers.py")});
        // conda's numpy brings a dist-info, which any reader of dist-infos sees as well.
        InstalledPackage twin;
        twin.is_conda = false;
        twin.name = "numpy";
        twin.version = "1.26.4";
        twin.installer = "conda";
        twin.record_path = path("numpy-1.26.4.dist-info/RECORD");
        inventory_.packages.push_back(twin);
        link("bin/python", "python3.12", "bin/python3.12");
        put("conda-meta/history", "ours");
        put("conda-meta/aimlock.json", "ours");
    }

    static std::string path(const std::string& below) { return std::string(site) + "/" + below; }

    void put(const std::string& file, std::string_view content) {
        inventory_.files[file] = {InventoryFile::Kind::regular, sha256_of(content), content.size(), {}};
    }

    /// A link that a record lists with the hash of what it points at.
    void link(const std::string& file, const std::string& to, const std::string& end) {
        inventory_.files[file] = {InventoryFile::Kind::symlink, {}, 0, to};
        package("python").files.push_back({file, sha256_of(end), 0, true});
    }

    void install(std::size_t index, const std::string& record, const std::vector<std::string>& files) {
        const Package& locked = lock_.packages[index].package;
        InstalledPackage installed;
        installed.is_conda = locked.kind == PackageKind::conda;
        installed.name = locked.name;
        installed.version = locked.version;
        installed.build = locked.build;
        installed.sha256 = locked.sha256;
        installed.installer = "aimlock";
        installed.record_path = record;
        put(record, "the record");
        for (const std::string& file : files) {
            put(file, file);
            installed.files.push_back({file, sha256_of(file), file.size(), true});
        }
        if (!installed.is_conda) installed.files.push_back({record, {}, 0, false});
        inventory_.packages.push_back(installed);
    }

    InstalledPackage& package(std::string_view name) {
        for (InstalledPackage& installed : inventory_.packages) {
            if (installed.name == name) return installed;
        }
        throw std::logic_error("no such package");
    }

    /// Each finding as one line: "error edited conda numpy 1.26.4 lib/x: cause".
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> lines;
        for (const DriftFinding& finding : audit(lock_, "gpu", inventory_)) {
            EXPECT_FALSE(finding.help.empty());
            lines.push_back((finding.level == FindingLevel::error ? "error " : "warn ") + finding.kind + " " +
                            finding.package + (finding.path ? " " + *finding.path : "") + ": " +
                            finding.cause);
        }
        return lines;
    }

    Lock lock_ = sample_lock();
    Inventory inventory_;
};

TEST_F(AuditOfPrefix, ARightInstallIsClean) {
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(AuditOfPrefix, AnEditedFileIsNamed) {
    put(path("thinc/layers.py"), "changed");
    EXPECT_EQ(lines(), std::vector<std::string>{
                           "error edited pypi thinc 8.2.5 lib/python3.12/site-packages/thinc/layers.py: "
                           "its content is not the package's; changed after the install"});
}

TEST_F(AuditOfPrefix, FilesThatAreGoneAreOneFindingAPackage) {
    inventory_.files.erase(path("numpy/core.so"));
    EXPECT_EQ(lines(), std::vector<std::string>{
                           "error missing conda numpy 1.26.4 lib/python3.12/site-packages/numpy/core.so: "
                           "1 of 3 files is gone (core.so)"});
    inventory_.files.erase(path("numpy/__init__.py"));
    EXPECT_EQ(lines().at(0),
              "error missing conda numpy 1.26.4 lib/python3.12/site-packages/numpy/__init__.py: "
              "2 of 3 files are gone (__init__.py, core.so)");
}

TEST_F(AuditOfPrefix, AFileOfNoPackageIsForeign) {
    put(path("evil.pth"), "import os");
    put("var/cache/x", "x");
    EXPECT_EQ(lines(), (std::vector<std::string>{
                           "warn foreign  lib/python3.12/site-packages/evil.pth: it belongs to no package",
                           "warn foreign  var/cache/x: it belongs to no package"}));
}

TEST_F(AuditOfPrefix, AFolderFullOfForeignFilesIsOneFinding) {
    for (int i = 0; i < 21; ++i) put("var/cache/" + std::to_string(i), "x");
    EXPECT_EQ(lines(), std::vector<std::string>{"warn foreign  var: 21 files here belong to no package"});
}

TEST_F(AuditOfPrefix, ByteCodeIsDriftOnlyWhereItsSourceIsNotAsLocked) {
    put(path("thinc/__pycache__/layers.cpython-312.pyc"), "byte code");
    put(path("thinc/__pycache__/layers.cpython-312.opt-1.pyc"), "byte code");
    EXPECT_THAT(lines(), IsEmpty());
    put(path("thinc/__pycache__/gone.cpython-312.pyc"), "byte code");
    EXPECT_EQ(lines(),
              std::vector<std::string>{"warn foreign  lib/python3.12/site-packages/thinc/__pycache__/"
                                       "gone.cpython-312.pyc: it belongs to no package"});
    inventory_.files.erase(path("thinc/__pycache__/gone.cpython-312.pyc"));
    put(path("thinc/layers.py"), "changed");
    EXPECT_EQ(lines().size(), 3U);
}

TEST_F(AuditOfPrefix, RecordedByteCodeMayBeWrittenAnew) {
    const std::string pyc = path("thinc/__pycache__/layers.cpython-312.pyc");
    package("thinc").files.push_back({pyc, sha256_of("first"), 5, true});
    EXPECT_THAT(lines(), IsEmpty());
    put(pyc, "second");
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(AuditOfPrefix, APackageOfAnotherToolIsExtra) {
    InstalledPackage black;
    black.is_conda = false;
    black.name = "black";
    black.version = "25.9.0";
    black.installer = "pip";
    black.record_path = path("black-25.9.0.dist-info/RECORD");
    put(black.record_path, "record");
    put(path("black.py"), "black");
    black.files = {{path("black.py"), sha256_of("black"), 5, true}, {black.record_path, {}, 0, false}};
    inventory_.packages.push_back(black);
    EXPECT_EQ(lines(), std::vector<std::string>{
                           "warn extra pypi black 25.9.0 lib/python3.12/site-packages/black-25.9.0.dist-info/"
                           "RECORD: it is not in the lock; INSTALLER says pip"});
}

TEST_F(AuditOfPrefix, AnotherVersionOfALockedPackageIsForeign) {
    package("thinc").version = "8.3.0";
    package("thinc").installer = "pip";
    package("thinc").sha256 = {};
    EXPECT_EQ(lines(),
              std::vector<std::string>{
                  "error foreign pypi thinc 8.2.5 lib/python3.12/site-packages/thinc-8.2.5.dist-info/"
                  "RECORD: 8.3.0 is installed instead; INSTALLER says pip"});
}

TEST_F(AuditOfPrefix, ARecordOfAnotherArchiveIsForeignHoweverItsFilesFit) {
    package("numpy").sha256 = sha256_of("forged");
    const std::vector<std::string> found = lines();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(
        found[0].starts_with("error foreign conda numpy 1.26.4 conda-meta/numpy-1.26.4-py312heda63a1_0.json: "
                             "its record names the archive"));
}

TEST_F(AuditOfPrefix, ARecordWithNoArchiveIsAWarningAndItsFilesAreCompared) {
    package("thinc").sha256 = {};
    package("thinc").installer = "uv";
    put(path("thinc/layers.py"), "changed");
    const std::vector<std::string> found = lines();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_TRUE(found[0].starts_with("error edited"));
    EXPECT_TRUE(found[1].ends_with("its record does not say which archive it came from; INSTALLER says uv"));
}

TEST_F(AuditOfPrefix, ALockedPackageThatIsNotThereIsMissing) {
    inventory_.packages.erase(inventory_.packages.begin() + 2);
    for (const char* file : {"thinc/__init__.py", "thinc/layers.py", "thinc-8.2.5.dist-info/RECORD"})
        inventory_.files.erase(path(file));
    EXPECT_EQ(lines(), std::vector<std::string>{"error missing pypi thinc 8.2.5: it is not installed"});
}

TEST_F(AuditOfPrefix, VersionsAndNamesAreComparedNotSpelled) {
    package("thinc").name = "Thinc";
    package("Thinc").version = "v8.2.5";
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(AuditOfPrefix, ALinkMayNotBeBentToOtherContent) {
    for (const char* to : {"/tmp/python", "../../python", "python", "evil"}) {
        put("bin/evil", "evil");
        inventory_.files["bin/python"].link = to;
        const std::vector<std::string> found = lines();
        ASSERT_EQ(found.size(), 2U) << to;
        EXPECT_TRUE(found[0].starts_with("error edited conda python 3.12.7 bin/python:"))
            << to << ": " << found[0];
    }
}

TEST_F(AuditOfPrefix, AFileInALinksPlaceIsEdited) {
    package("python").files.back() = {"bin/python", {}, 0, false, true};
    EXPECT_THAT(lines(), IsEmpty());
    put("bin/python", "evil");
    ASSERT_EQ(lines().size(), 1U);
    EXPECT_TRUE(lines()[0].starts_with("error edited conda python 3.12.7 bin/python:"));
}

TEST_F(AuditOfPrefix, OfTwoPackagesThatBringOneFileEitherMayHaveWrittenIt) {
    const std::string shared = path("thinc/__init__.py");
    package("numpy").files.push_back({shared, sha256_of("numpy's"), 7, true});
    EXPECT_THAT(lines(), IsEmpty());
    put(shared, "numpy's");
    EXPECT_THAT(lines(), IsEmpty());
    put(shared, "nobody's");
    EXPECT_EQ(lines().size(), 2U);
}

TEST_F(AuditOfPrefix, ARecordThatLeavesTheEnvironmentIsAnError) {
    package("thinc").files.push_back({"../../etc/passwd", {}, 0, false});
    package("thinc").files.push_back({"/etc/passwd", {}, 0, false});
    const std::vector<std::string> found = lines();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_TRUE(
        found[0].ends_with("its record lists `../../etc/passwd`, which is outside of the environment"));
}

TEST_F(AuditOfPrefix, ALockThatItsOwnDriverCannotRunIsAnError) {
    lock_.packages[2].package.name = "nvidia-cuda-runtime";
    lock_.packages[2].package.version = "13.0.96";
    package("thinc").name = "nvidia-cuda-runtime";
    package("nvidia-cuda-runtime").version = "13.0.96";
    EXPECT_EQ(lines(),
              std::vector<std::string>{
                  "error driver pypi nvidia-cuda-runtime 13.0.96: it needs CUDA 13; target gpu is 12.2"});
}

TEST_F(AuditOfPrefix, AWithdrawnReleaseIsAWarning) {
    lock_.packages[2].package.yanked = true;
    EXPECT_EQ(lines(),
              std::vector<std::string>{
                  "warn yanked pypi thinc 8.2.5: its owner had withdrawn it when the lock was made"});
}

}  // namespace
}  // namespace aimlock::testing
