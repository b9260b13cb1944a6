<?php
// An application's calls of its vendors, which does not know Mirra: clients.php NAME
// makes one object and prints its id.
const AT = 'https://api.stripe.com/v1/customers';
const KEY = 'sk_test_dropin1234567890';

function by_curl(array $options): string|false {
    $c = curl_init(AT);
    curl_setopt_array($c, $options + [CURLOPT_RETURNTRANSFER => true, CURLOPT_USERPWD => KEY . ':', CURLOPT_POSTFIELDS => 'name=php']);
    return curl_exec($c);
}

// What loads classes, as Composer's autoloader does.
spl_autoload_register(static function (string $class): void {
    $file = __DIR__ . '/php/' . strtr($class, '\\', '/') . '.php';
    if (is_file($file)) require $file;
});

function by_guzzle(bool $curl): string {
    require 'GuzzleHttp/autoload.php';
    $options = $curl ? [] : ['handler' => new GuzzleHttp\Handler\StreamHandler()];
    return (new GuzzleHttp\Client($options))->post(AT, ['auth' => [KEY, ''], 'form_params' => ['name' => 'guzzle']])->getBody();
}

function by_symfony(string $client): string {
    require 'Symfony/Component/HttpClient/autoload.php';
    return (new $client())->request('POST', AT, ['auth_bearer' => KEY, 'body' => ['name' => 'symfony']])->getContent();
}

$text = match ($argv[1]) {
    'curl' => by_curl([]),
    'curl with a bundle of its own' => by_curl([CURLOPT_CAINFO => '/etc/ssl/certs/ca-certificates.crt']),
    'curl with the bundle of stripe-php' => by_curl([CURLOPT_CAINFO => Stripe\Stripe::getCABundlePath()]),
    'Guzzle' => by_guzzle(true),
    'Guzzle without curl' => by_guzzle(false),
    'Symfony HttpClient' => by_symfony(Symfony\Component\HttpClient\CurlHttpClient::class),
    'Symfony HttpClient without curl' => by_symfony(Symfony\Component\HttpClient\NativeHttpClient::class),
    'streams' => @file_get_contents(AT, false, stream_context_create(['http' => ['method' => 'POST', 'content' => 'name=php', 'header' => 'Authorization: Bearer ' . KEY]])),
};
if ($text === false) exit(1);
echo json_decode($text)->id, "\n";
