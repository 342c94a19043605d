#include "image/dockerfile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/generated.hpp"
#include "image/quoting.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/image/sample_environment.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LayerPlan plan_of(const Lock& lock) {
    return plan_layers(lock, "gpu", 6, asked_packages(lock, "gpu")).value();
}

DockerfileSettings settings() {
    DockerfileSettings out;
    out.name = "aiml-hybrid-gpu";
    out.image.base = "ubuntu:22.04";
    out.installer = sha256_of("the installer");
    return out;
}

std::string render(const Lock& lock, const DockerfileSettings& with) {
    const auto text = render_dockerfile(lock, plan_of(lock), with);
    EXPECT_TRUE(text) << text.error().message;
    return text.value_or("");
}

TEST(Dockerfile, ReplaysFromTheVendoredPool) {
    DockerfileSettings with = settings();
    with.vendored = true;
    testing::expect_golden("image/vendored.Dockerfile", render(testing::small_lock(), with));
}

TEST(Dockerfile, FetchesWhileBuilding) {
    DockerfileSettings with = settings();
    with.image.secrets = {"netrc"};
    with.image.apt = {"tini=0.19.0-1"};
    with.image.env = {{"HF_HOME", "/workspace/.cache/$USER \"x\""}};
    with.image.healthcheck = {"python", "-c", "import torch"};
    testing::expect_golden("image/online.Dockerfile", render(testing::small_lock(), with));
}

TEST(Dockerfile, UsesNoMountsInTheClassicDialect) {
    DockerfileSettings with = settings();
    with.dialect = Dialect::classic;
    with.vendored = true;
    const std::string text = render(testing::small_lock(), with);
    EXPECT_THAT(text, Not(HasSubstr("--mount")));
    testing::expect_golden("image/classic.Dockerfile", text);
}

TEST(Dockerfile, UsesNothingThatOldBuildersLack) {
    const std::string text = render(testing::small_lock(), settings());
    for (const char* newer : {"# syntax=", "<<", "--link", "--network=", "COPY --parents", "ADD "}) {
        EXPECT_THAT(text, Not(HasSubstr(newer)));
    }
}

TEST(Dockerfile, StartsJupyterOnlyWhereItIsLocked) {
    Lock lock = testing::small_lock();
    EXPECT_THAT(render(lock, settings()), HasSubstr("EXPOSE 8888\n"));
    EXPECT_THAT(render(lock, settings()), HasSubstr("CMD [\"jupyter\", \"lab\""));
    std::erase_if(lock.packages, [](const LockPackage& p) { return p.package.name == "jupyterlab"; });
    EXPECT_THAT(render(lock, settings()), HasSubstr("CMD [\"python\"]"));
    EXPECT_THAT(render(lock, settings()), Not(HasSubstr("EXPOSE")));
    DockerfileSettings with = settings();
    with.image.command = {"jupyter", "lab", "--ip=0.0.0.0"};
    with.image.ports = {9999};
    EXPECT_THAT(render(lock, with), HasSubstr("CMD [\"jupyter\", \"lab\", \"--ip=0.0.0.0\"]"));
    EXPECT_THAT(render(lock, with), HasSubstr("EXPOSE 9999\n"));
}

TEST(Dockerfile, SaysWhichDriverTheLockNeeds) {
    Lock lock = testing::small_lock();
    const LockTarget& target = lock.targets.front();
    EXPECT_EQ(required_cuda(lock, target), "cuda>=12.2");
    lock.packages.push_back({testing::wheel("nvidia-cublas", 1), {"gpu"}});  // no suffix: CUDA 13
    EXPECT_EQ(required_cuda(lock, target), "cuda>=13.0");
    lock.packages.push_back(
        {testing::conda_package("odd", 1, {"__cuda_arch >=99", "__cuda >=", "__cuda"}), {"gpu"}});
    EXPECT_EQ(required_cuda(lock, target), "cuda>=13.0");
    lock.targets.front().cuda.driver = "12.4";  // what the solver found out
    EXPECT_EQ(required_cuda(lock, target), "cuda>=12.4");
    lock.targets.front().virtual_packages.erase(lock.targets.front().virtual_packages.begin());
    EXPECT_THAT(render(lock, settings()), Not(HasSubstr("NVIDIA")));
}

TEST(Dockerfile, ChecksAnEnvironmentWithoutPython) {
    const Lock lock = testing::lock_of({testing::conda_package("sqlite", 1000)});
    const std::string text = render(lock, settings());
    EXPECT_THAT(text, HasSubstr("RUN set -- /opt/env/conda-meta/*.json; test \"$#\" -ge 1"));
    EXPECT_THAT(text, Not(HasSubstr("byte_code")));
}

TEST(Dockerfile, NeedsAVendoredPoolForPackagesOfAFolder) {
    Lock lock = testing::small_lock();
    lock.packages.front().package.url = "channel/linux-64/x-1.0-0.conda";
    const auto refused = render_dockerfile(lock, plan_of(lock), settings());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("comes from a folder"));
    EXPECT_THAT(refused.error().hint, HasSubstr("--vendor pool"));
    DockerfileSettings with = settings();
    with.vendored = true;
    EXPECT_TRUE(render_dockerfile(lock, plan_of(lock), with));
}

/// Values of a manifest that would become instructions if they were pasted.
TEST(Dockerfile, RefusesValuesThatCannotBeQuoted) {
    const auto refused = [](auto change) {
        DockerfileSettings with = settings();
        Lock lock = testing::small_lock();
        lock.base.reset();
        change(with.image);
        const auto text = render_dockerfile(lock, plan_of(lock), with);
        return !text && text.error().code == ErrorCode::refused;
    };
    EXPECT_FALSE(refused([](ImageManifest&) {}));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.base = ""; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.base = "ubuntu:22.04\nRUN evil"; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.base = "$(evil)"; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.user = "1000\nUSER root"; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.workdir = "/a b"; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.workdir = "relative"; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.workdir = "/$(evil)"; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.apt = {"tini; evil"}; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.apt = {"-oDpkg::x"}; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.secrets = {"a,target=/etc/passwd"}; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.command = {"a\nb"}; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.env = {{"A", "x\nRUN evil"}}; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.env = {{"A B", "x"}}; }));
    EXPECT_TRUE(refused([](ImageManifest& i) { i.env = {{"1A", "x"}}; }));
}

TEST(Quoting, KeepsEveryByteOfADockerfileWord) {
    EXPECT_EQ(dockerfile_quoted(R"(a "b" $c \d `e`)", "it").value(), R"("a \"b\" \$c \\d `e`")");
    EXPECT_EQ(dockerfile_quoted("a\tb", "the variable A").error().message,
              "the variable A holds a control character");
    EXPECT_EQ(exec_form({"a", "\"b\"", "$c"}, "it").value(), R"(["a", "\"b\"", "$c"])");
    EXPECT_EQ(compose_quoted("$HOME: x"), "\"$$HOME: x\"");
}

TEST(GeneratedFiles, NeverReplaceAFileOfTheUser) {
    const testing::TempDir folder;
    const auto own = folder.write("Dockerfile", "FROM mine\n");
    EXPECT_EQ(check_replaceable(own).error().code, ErrorCode::refused);
    EXPECT_TRUE(check_replaceable(folder.path() / "absent"));
    const auto ours = folder.write("sub/Dockerfile", render(testing::small_lock(), settings()));
    EXPECT_TRUE(check_replaceable(ours));
}

}  // namespace
}  // namespace aimlock
