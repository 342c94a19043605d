#include "lock/manifest/any_manifest.hpp"

#include <gtest/gtest.h>

namespace aimlock::testing {
namespace {

std::vector<std::string> conda_of(const TargetRequest& target) {
    std::vector<std::string> out;
    for (const CondaRoot& root : target.conda) out.push_back(root.written);
    return out;
}
std::vector<std::string> pypi_of(const TargetRequest& target) {
    std::vector<std::string> out;
    for (const PypiRoot& root : target.pypi) out.push_back(root.written);
    return out;
}

TEST(AnyManifest, TheNameDecides) {
    EXPECT_TRUE(read_any_manifest("[dependencies]\npython = \"*\"\n", "a/aimlock.toml"));
    EXPECT_TRUE(read_any_manifest("dependencies: [python]\n", "a/environment.yml"));
    EXPECT_TRUE(read_any_manifest("numpy\n", "requirements.txt"));
    EXPECT_TRUE(read_any_manifest("numpy\n", "a.b/requirements-dev.in"));
    EXPECT_TRUE(read_any_manifest("[project]\n", "pyproject.toml"));
    EXPECT_TRUE(read_any_manifest("[workspace]\n", "a/pixi.toml"));
}

TEST(EnvironmentYml, BothWorldsAreRead) {
    const auto manifest = read_any_manifest(R"(name: gpu
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.12
  - numpy >=1.26
  - "pytorch::pytorch >=2.4"
  - pip
  - pip:
      - transformers[torch]>=4.44  # the newest
      - --extra-index-url https://index.example/own
prefix: /home/me/env
variables: {A: b}
)",
                                            "environment.yml");
    ASSERT_TRUE(manifest) << manifest.error()[0].message;
    const Request& request = manifest->request;
    EXPECT_EQ(request.name, "gpu");
    EXPECT_EQ(request.channels, std::vector<std::string>{"conda-forge"});
    EXPECT_EQ(request.indexes, std::vector<std::string>{"https://index.example/own"});
    EXPECT_TRUE(manifest->user_index_last);
    ASSERT_EQ(request.targets.size(), 1U);
    EXPECT_EQ(conda_of(request.targets[0]),
              (std::vector<std::string>{"python=3.12", "numpy >=1.26", "pytorch::pytorch >=2.4", "pip"}));
    EXPECT_EQ(pypi_of(request.targets[0]), std::vector<std::string>{"transformers[torch]>=4.44"});
    EXPECT_EQ(request.targets[0].conda[1].pos, (SourcePos{"environment.yml", 7, 5}));
    EXPECT_EQ(request.targets[0].pypi[0].pos, (SourcePos{"environment.yml", 11, 9}));
    EXPECT_EQ(manifest->notes, std::vector<std::string>{"`variables` of environment.yml is read past"});
}

TEST(EnvironmentYml, FaultsHaveAPlace) {
    const auto at = [](std::string_view text) {
        const auto manifest = read_any_manifest(text, "environment.yml");
        if (manifest) return std::string("read");
        const Error& error = manifest.error()[0];
        return std::to_string(error.pos.line) + ":" + std::to_string(error.pos.column) + " " + error.message;
    };
    EXPECT_EQ(at("- a\n- b\n"), "1:1 expected `name`, `channels` and `dependencies`");
    EXPECT_EQ(at("dependencies: python\n"), "1:15 `dependencies` is not a list");
    EXPECT_EQ(at("dependencies:\n  - conda:\n    - x\n"), "2:5 expected a MatchSpec or a `pip:` list");
    EXPECT_EQ(at("dependencies:\n  - pip:\n    - -r other.txt\n"),
              "3:7 another file of requirements is not supported yet");
    EXPECT_EQ(at("platforms: [linux64]\n"), "1:13 unknown platform `linux64`");
    EXPECT_TRUE(at("dependencies:\n  - python\n bad: [\n").starts_with("3:"))
        << at("dependencies:\n  - python\n bad: [\n");
    EXPECT_NE(at("dependencies: " + std::string(100'000, '[')), "read");
}

TEST(PixiToml, WhatBothHaveMeansTheSame) {
    const auto manifest = read_any_manifest(R"([project]
name = "gpu"
version = "0.1.0"
channels = ["conda-forge"]
platforms = ["linux-64", "osx-arm64"]
[tasks]
start = "python main.py"
[system-requirements]
cuda = "12"
libc = { family = "glibc", version = "2.35" }
[dependencies]
python = "3.12.*"
[pypi-dependencies]
thinc = ">=8"
[target.linux.dependencies]
pytorch-gpu = "*"
)",
                                            "pixi.toml");
    ASSERT_TRUE(manifest) << manifest.error()[0].message;
    const std::vector<TargetRequest>& targets = manifest->request.targets;
    ASSERT_EQ(targets.size(), 2U);
    EXPECT_EQ(targets[0].target.name, "linux-64");
    EXPECT_EQ(targets[0].target.cuda, "12");
    EXPECT_EQ(targets[1].target.cuda, std::nullopt);
    EXPECT_EQ(targets[0].target.glibc, "2.35");
    EXPECT_EQ(conda_of(targets[0]), (std::vector<std::string>{"python 3.12.*", "pytorch-gpu"}));
    EXPECT_EQ(conda_of(targets[1]), std::vector<std::string>{"python 3.12.*"});
    EXPECT_EQ(pypi_of(targets[1]), std::vector<std::string>{"thinc >=8"});
    EXPECT_EQ(manifest->notes, std::vector<std::string>{"`tasks` of pixi.toml is read past"});
}

TEST(PixiToml, WhatWouldChangeTheAnswerIsRefused) {
    const auto manifest =
        read_any_manifest("[feature.cuda.dependencies]\na = \"*\"\n[depencencies]\n", "pixi.toml");
    ASSERT_FALSE(manifest);
    ASSERT_EQ(manifest.error().size(), 2U);
    EXPECT_EQ(manifest.error()[0].message, "`feature` is not supported yet");
    EXPECT_EQ(manifest.error()[1].hint, "nearest known: `dependencies`");
}

TEST(PyprojectToml, ProjectAndPixiAreOneRequest) {
    const auto manifest = read_any_manifest(R"([project]
name = "app"
requires-python = ">=3.11"
dependencies = [
    "httpx >=0.27",
    "rich; python_version >= '3.11'",
]
[project.optional-dependencies]
dev = ["pytest"]
[tool.pixi.workspace]
channels = ["conda-forge"]
platforms = ["linux-64"]
[tool.pixi.dependencies]
numpy = ">=1.26"
[tool.other]
x = 1
)",
                                            "pyproject.toml");
    ASSERT_TRUE(manifest) << manifest.error()[0].message;
    const TargetRequest& target = manifest->request.targets.at(0);
    EXPECT_EQ(manifest->request.name, "app");
    EXPECT_EQ(conda_of(target), (std::vector<std::string>{"numpy >=1.26", "python >=3.11"}));
    EXPECT_EQ(pypi_of(target), (std::vector<std::string>{"httpx >=0.27", "rich; python_version >= '3.11'"}));
    EXPECT_EQ(target.pypi[0].pos, (SourcePos{"pyproject.toml", 5, 6}));
    EXPECT_EQ(manifest->notes.size(), 1U);
}

TEST(PyprojectToml, AFaultHasItsColumn) {
    const auto manifest = read_any_manifest("[project]\ndependencies = [\"a >=>1\"]\n", "pyproject.toml");
    ASSERT_FALSE(manifest);
    EXPECT_EQ(manifest.error()[0].pos, (SourcePos{"pyproject.toml", 2, 22}));
    EXPECT_FALSE(read_any_manifest("[build-system]\n", "pyproject.toml"));
}

TEST(PixiToml, ATableNameThatBeginsWithASignIsAnError) {
    const auto read = read_any_manifest("[workspace]\nname = \"a\"\n[&dependencies]\n", "pixi.toml");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().front().pos.line, 3U);
}

TEST(RequirementsTxt, LinesAreReadAsPipDoes) {
    const auto manifest = read_any_manifest(
        "# comment\n"
        "-i https://index.example/simple\r\n"
        "--extra-index-url=https://index.example/own\n"
        "--find-links ./wheels\n"
        "\n"
        "numpy >=1.26, \\\n  <2   # both bounds\n"
        "torch==2.4.1 ; python_version >= '3.12' --hash=sha256:abc\n"
        "  thinc\n",
        "requirements.txt");
    ASSERT_TRUE(manifest) << manifest.error()[0].message;
    const Request& request = manifest->request;
    EXPECT_EQ(request.indexes,
              (std::vector<std::string>{"https://index.example/own", "https://index.example/simple"}));
    EXPECT_FALSE(manifest->user_index_last);
    EXPECT_EQ(request.find_links, std::vector<std::string>{"./wheels"});
    EXPECT_EQ(
        pypi_of(request.targets[0]),
        (std::vector<std::string>{"numpy >=1.26,   <2", "torch==2.4.1 ; python_version >= '3.12'", "thinc"}));
    EXPECT_EQ(request.targets[0].pypi[2].pos, (SourcePos{"requirements.txt", 9, 3}));
}

TEST(RequirementsTxt, MayNameAddressesAndWhatIsBuilt) {
    const auto manifest = read_any_manifest(
        "a @ https://me:secret@files.example/a-1-py3-none-any.whl ; python_version >= '3.12'\n"
        "--no-binary Flash_Attn,b\n",
        "requirements.txt");
    ASSERT_TRUE(manifest) << manifest.error()[0].message;
    const Request& request = manifest->request;
    EXPECT_EQ(pypi_of(request.targets[0]),
              std::vector<std::string>{"a @ https://files.example/a-1-py3-none-any.whl ; "
                                       "python_version >= \"3.12\""});
    EXPECT_EQ(*request.targets[0].pypi[0].requirement.url,
              "https://me:secret@files.example/a-1-py3-none-any.whl");
    EXPECT_FALSE(request.options.sources.takes_wheels("flash-attn"));
    EXPECT_TRUE(request.options.sources.may_build("b"));
    EXPECT_FALSE(request.options.sources.may_build("c"));
}

TEST(RequirementsTxt, NothingIsReadPast) {
    const auto fault = [](std::string_view line) {
        const auto manifest = read_any_manifest("numpy\n" + std::string(line) + "\n", "requirements.txt");
        if (manifest) return std::string("read");
        EXPECT_EQ(manifest.error()[0].pos.line, 2U);
        return std::to_string(manifest.error()[0].pos.column) + " " + manifest.error()[0].message;
    };
    EXPECT_EQ(fault("-r base.txt"), "1 another file of requirements is not supported yet");
    EXPECT_EQ(fault("-e ."), "1 an editable requirement is not supported yet");
    EXPECT_EQ(fault("./wheels/a.whl"), "1 a path or an address without a name is not understood");
    EXPECT_EQ(fault("https://files.example/a.whl"),
              "1 a path or an address without a name is not understood");
    EXPECT_EQ(fault("a @ https://files.example/a.exe"),
              "5 `https://files.example/a.exe` ends in neither .whl, .tar.gz nor .zip");
    EXPECT_EQ(fault("--index-ur https://index.example"), "1 unknown option `--index-ur`");
    EXPECT_EQ(fault("--index-url"), "1 `--index-url` has no value");
    EXPECT_EQ(fault("  a>=>1").substr(0, 1), "6");
}

}  // namespace
}  // namespace aimlock::testing
