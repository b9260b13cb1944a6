<?php
// Texts a dentist's patients, with Guzzle's own retries.

use GuzzleHttp\Client;
use GuzzleHttp\Exception\ClientException;
use GuzzleHttp\HandlerStack;
use GuzzleHttp\Middleware;
use Psr\Http\Message\ResponseInterface;

require 'GuzzleHttp/autoload.php';

if ($_SERVER['REQUEST_METHOD'] !== 'POST' || parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) !== '/send') {
    http_response_code(404);
    exit('not found');
}

$sid = getenv('TWILIO_ACCOUNT_SID') ?: 'AC0123456789abcdef0123456789abcdef';
$stack = HandlerStack::create();
$stack->push(Middleware::retry(
    fn (int $retries, $request, ?ResponseInterface $response) => $retries < 4 && $response?->getStatusCode() === 429,
    fn (int $retries) => 1100 * 2 ** ($retries - 1), // milliseconds
));
$twilio = new Client(['base_uri' => "https://api.twilio.com/2010-04-01/Accounts/$sid/", 'handler' => $stack, 'auth' => [$sid, getenv('TWILIO_AUTH_TOKEN') ?: 'secret']]);

header('Content-Type: application/json');
try {
    $response = $twilio->post('Messages.json', ['form_params' => [
        'From' => getenv('TWILIO_NUMBER') ?: '+15555550123',
        'To' => $_POST['to'] ?? '',
        'Body' => $_POST['body'] ?? 'It is time for your check-up.',
    ]]);
    http_response_code(202);
    echo $response->getBody();
} catch (ClientException $e) {
    http_response_code(502);
    echo $e->getResponse()->getBody();
}
