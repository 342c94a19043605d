#include "image/build_context.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/image/sample_environment.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

/// Archives as files of a folder, named by hash.
class FolderStore final : public PackageStore {
public:
    explicit FolderStore(fs::path folder) : folder_(std::move(folder)) {}
    Result<void> provide(std::span<const Package* const> packages, const Ready& ready, Progress&) override {
        for (std::size_t i = 0; i < packages.size(); ++i) {
            const fs::path archive = folder_ / (packages[i]->name);
            std::ofstream(archive) << packages[i]->name;
            if (auto done = ready(i, archive); !done) return done;
        }
        return {};
    }
    [[nodiscard]] Counts counts() const override { return {}; }

private:
    fs::path folder_;
};

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

class BuildContextTest : public ::testing::Test {
protected:
    BuildContextTest() {
        context_.folder = folder_.path() / "project";
        fs::create_directories(context_.folder);
        context_.installer = folder_.write("installer", "static program");
        context_.dockerfile.name = "env";
        context_.dockerfile.installer = sha256_of("static program");
    }

    LayerPlan plan(unsigned budget = 6) {
        return plan_layers(lock_, "gpu", budget, asked_packages(lock_, "gpu")).value();
    }

    testing::TempDir folder_;
    Lock lock_ = testing::small_lock();
    BuildContext context_;
    SilentProgress progress_;
};

TEST_F(BuildContextTest, HoldsWhatTheDockerfileMounts) {
    const LayerPlan layers = plan();
    const auto written = write_build_context(lock_, layers, context_, progress_);
    ASSERT_TRUE(written) << written.error().message;
    for (const std::string& name : *written) EXPECT_TRUE(fs::exists(context_.folder / name)) << name;
    EXPECT_EQ(content(context_.folder / ".aimlock/bin/aimlock"), "static program");
    EXPECT_NE(fs::status(context_.folder / ".aimlock/bin/aimlock").permissions() & fs::perms::others_exec,
              fs::perms::none);
    for (const Layer& layer : layers.layers) {
        const std::string name = "aimlock.lock.d/" + layer.id + ".lock";
        EXPECT_THAT(content(context_.folder / "Dockerfile"), HasSubstr(name));
        EXPECT_TRUE(read_lock(content(context_.folder / name), name)) << name;
    }
    EXPECT_EQ(read_layer_plan(content(context_.folder / layer_plan_file), "f").value(), layers);
    EXPECT_FALSE(fs::exists(context_.folder / ".aimlock/pool"));
}

TEST_F(BuildContextTest, IsTheSameBytesWhenWrittenAgain) {
    ASSERT_TRUE(write_build_context(lock_, plan(), context_, progress_));
    std::map<std::string, std::string> before;
    for (const auto& entry : fs::recursive_directory_iterator(context_.folder)) {
        if (entry.is_regular_file()) before[entry.path()] = content(entry.path());
    }
    ASSERT_TRUE(write_build_context(lock_, plan(), context_, progress_));
    std::map<std::string, std::string> after;
    for (const auto& entry : fs::recursive_directory_iterator(context_.folder)) {
        if (entry.is_regular_file()) after[entry.path()] = content(entry.path());
    }
    EXPECT_EQ(before, after);
}

TEST_F(BuildContextTest, GivesEachLayerItsOwnPool) {
    fs::create_directories(folder_.path() / "pool");
    FolderStore store(folder_.path() / "pool");
    context_.dockerfile.vendored = true;
    context_.pool = &store;
    const LayerPlan layers = plan();
    // A file of an earlier context must not reach the builder.
    folder_.write("project/.aimlock/pool/gone/old.conda", "old");
    ASSERT_TRUE(write_build_context(lock_, layers, context_, progress_));
    EXPECT_FALSE(fs::exists(context_.folder / ".aimlock/pool/gone"));
    for (const Layer& layer : layers.layers) {
        const fs::directory_iterator files(context_.folder / ".aimlock/pool" / layer.id);
        EXPECT_EQ(static_cast<std::size_t>(std::distance(files, fs::directory_iterator{})),
                  layer.packages.size());
        for (const LayerPackage& package : layer.packages) {
            const bool conda = package.kind == PackageKind::conda;
            const std::string name = package.sha256.hex() + (conda ? ".conda" : ".whl");
            EXPECT_EQ(content(context_.folder / ".aimlock/pool" / layer.id / name), package.name);
        }
    }
}

TEST_F(BuildContextTest, WritesNothingBesideAFileOfTheUser) {
    folder_.write("project/compose.yaml", "services: {}\n");
    const auto refused = write_build_context(lock_, plan(), context_, progress_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("compose.yaml` exists and was not written by aimlock"));
    EXPECT_EQ(std::distance(fs::directory_iterator(context_.folder), fs::directory_iterator{}), 1);
    context_.force = true;
    ASSERT_TRUE(write_build_context(lock_, plan(), context_, progress_));
    EXPECT_THAT(content(context_.folder / "compose.yaml"), HasSubstr("gpu-dev"));
}

TEST_F(BuildContextTest, RemovesSlicesOfAnOlderPlan) {
    const LayerPlan wide = plan();
    ASSERT_TRUE(write_build_context(lock_, wide, context_, progress_));
    context_.previous = &wide;
    folder_.write("project/aimlock.lock.d/mine.lock", "kept");
    ASSERT_TRUE(write_build_context(lock_, plan(1), context_, progress_));
    std::set<std::string> left;
    for (const auto& entry : fs::directory_iterator(context_.folder / "aimlock.lock.d"))
        left.insert(entry.path().filename());
    EXPECT_EQ(left, (std::set<std::string>{"interpreter.lock", "mine.lock"}));
}

}  // namespace
}  // namespace aimlock
